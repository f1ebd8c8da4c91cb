#include "textflag.h"

// SHA-256 of two messages at once with the SHA extensions (Intel SDM volume 2,
// SHA256RNDS2, SHA256MSG1, SHA256MSG2). One message leaves the unit idle most of
// the time, since each pair of rounds waits for the one before; two fill the gaps.
//
// Lane A lives in X1 (state ABEF), X2 (state CDGH) and X3-X6 (message words),
// lane B in X7, X8 and X9-X12. X0 is the implicit operand of SHA256RNDS2, X13
// scratch, X14 the byte order mask.

// ROUNDS does four rounds: message words m plus the constants at k(R8).
#define ROUNDS(m, k, s0, s1) \
	MOVO m, X0; \
	PADDD k(R8), X0; \
	SHA256RNDS2 X0, s0, s1; \
	PSHUFD $0x0E, X0, X0; \
	SHA256RNDS2 X0, s1, s0

// LOAD reads 16 message bytes in big-endian words.
#define LOAD(ptr, at, m) \
	MOVOU at(ptr), m; \
	PSHUFB X14, m

// EXTEND makes the message words that come four after cur.
#define EXTEND(cur, prev, next) \
	MOVO cur, X13; \
	PALIGNR $4, prev, X13; \
	PADDD X13, next; \
	SHA256MSG2 cur, next

// START does rounds 0-11.
#define START(ptr, s0, s1, m0, m1, m2) \
	LOAD(ptr, 0, m0); \
	ROUNDS(m0, 0, s0, s1); \
	LOAD(ptr, 16, m1); \
	ROUNDS(m1, 16, s0, s1); \
	SHA256MSG1 m1, m0; \
	LOAD(ptr, 32, m2); \
	ROUNDS(m2, 32, s0, s1); \
	SHA256MSG1 m2, m1

// MIDDLE does four rounds and extends the message.
#define MIDDLE(k, s0, s1, cur, prev, next) \
	ROUNDS(cur, k, s0, s1); \
	EXTEND(cur, prev, next); \
	SHA256MSG1 cur, prev

// LATE is MIDDLE without the part that nothing comes after.
#define LATE(k, s0, s1, cur, prev, next) \
	ROUNDS(cur, k, s0, s1); \
	EXTEND(cur, prev, next)

// BOTH does a step for lane A, then for lane B.
#define BOTHMIDDLE(k, a, b, c, d, e, f) \
	MIDDLE(k, X1, X2, a, b, c); \
	MIDDLE(k, X7, X8, d, e, f)

#define BOTHLATE(k, a, b, c, d, e, f) \
	LATE(k, X1, X2, a, b, c); \
	LATE(k, X7, X8, d, e, f)

// ARRANGE turns the eight state words at ptr into ABEF and CDGH.
#define ARRANGE(ptr, s0, s1) \
	MOVOU (ptr), s0; \
	MOVOU 16(ptr), s1; \
	PSHUFD $0xB1, s0, s0; \
	PSHUFD $0x1B, s1, s1; \
	MOVO s0, X13; \
	PALIGNR $8, s1, s0; \
	PBLENDW $0xF0, X13, s1

// RESTORE is the reverse of ARRANGE.
#define RESTORE(ptr, s0, s1) \
	PSHUFD $0x1B, s0, s0; \
	PSHUFD $0xB1, s1, s1; \
	MOVO s0, X13; \
	PBLENDW $0xF0, s1, s0; \
	PALIGNR $8, X13, s1; \
	MOVOU s0, (ptr); \
	MOVOU s1, 16(ptr)

// func pairBlocks(stateA, stateB *[8]uint32, a, b *byte, blocks int, k *[64]uint32)
TEXT ·pairBlocks(SB), NOSPLIT, $64-48
	MOVQ stateA+0(FP), DI
	MOVQ stateB+8(FP), SI
	MOVQ a+16(FP), R9
	MOVQ b+24(FP), R10
	MOVQ blocks+32(FP), CX
	MOVQ k+40(FP), R8
	MOVOU byteOrder<>(SB), X14
	ARRANGE(DI, X1, X2)
	ARRANGE(SI, X7, X8)
	TESTQ CX, CX
	JZ done

loop:
	MOVOU X1, 0(SP)
	MOVOU X2, 16(SP)
	MOVOU X7, 32(SP)
	MOVOU X8, 48(SP)
	START(R9, X1, X2, X3, X4, X5)
	START(R10, X7, X8, X9, X10, X11)
	LOAD(R9, 48, X6)
	LOAD(R10, 48, X12)
	BOTHMIDDLE(48, X6, X5, X3, X12, X11, X9)
	BOTHMIDDLE(64, X3, X6, X4, X9, X12, X10)
	BOTHMIDDLE(80, X4, X3, X5, X10, X9, X11)
	BOTHMIDDLE(96, X5, X4, X6, X11, X10, X12)
	BOTHMIDDLE(112, X6, X5, X3, X12, X11, X9)
	BOTHMIDDLE(128, X3, X6, X4, X9, X12, X10)
	BOTHMIDDLE(144, X4, X3, X5, X10, X9, X11)
	BOTHMIDDLE(160, X5, X4, X6, X11, X10, X12)
	BOTHMIDDLE(176, X6, X5, X3, X12, X11, X9)
	BOTHMIDDLE(192, X3, X6, X4, X9, X12, X10)
	BOTHLATE(208, X4, X3, X5, X10, X9, X11)
	BOTHLATE(224, X5, X4, X6, X11, X10, X12)
	ROUNDS(X6, 240, X1, X2)
	ROUNDS(X12, 240, X7, X8)
	MOVOU 0(SP), X13
	PADDD X13, X1
	MOVOU 16(SP), X13
	PADDD X13, X2
	MOVOU 32(SP), X13
	PADDD X13, X7
	MOVOU 48(SP), X13
	PADDD X13, X8
	ADDQ $64, R9
	ADDQ $64, R10
	DECQ CX
	JNZ loop

done:
	RESTORE(DI, X1, X2)
	RESTORE(SI, X7, X8)
	RET

// func hasSHA() bool
TEXT ·hasSHA(SB), NOSPLIT, $0-1
	MOVB $0, ret+0(FP)
	XORL AX, AX
	CPUID
	CMPL AX, $7
	JLT  no
	MOVL $1, AX
	XORL CX, CX
	CPUID
	ANDL $0x80200, CX // SSSE3 (bit 9) and SSE4.1 (bit 19)
	CMPL CX, $0x80200
	JNE  no
	MOVL $7, AX
	XORL CX, CX
	CPUID
	SHRL $29, BX // SHA
	ANDL $1, BX
	MOVB BX, ret+0(FP)
no:
	RET

DATA byteOrder<>+0(SB)/8, $0x0405060700010203
DATA byteOrder<>+8(SB)/8, $0x0c0d0e0f08090a0b
GLOBL byteOrder<>(SB), RODATA|NOPTR, $16
