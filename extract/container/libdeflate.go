//go:build linux && (amd64 || arm64) && !nolibdeflate

package container

import (
	"os"
	"runtime"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
	"golang.org/x/sys/unix"
)

// maxWholeInput is the longest compressed content that is handed to libdeflate, in
// bytes: it takes its input in one piece, copied.
const maxWholeInput = 64 << 20

// keptInput is the longest copy of an input that is kept for the next.
const keptInput = 16 << 20

// libdeflate holds the addresses of the functions of the system's library that are
// used, 0 where it has none. GAUGENN_LIBDEFLATE=off leaves it alone.
type libdeflate struct{ alloc, free, decompress uintptr }

var systemLibrary = sync.OnceValue(func() (l libdeflate) {
	if os.Getenv("GAUGENN_LIBDEFLATE") == "off" {
		return libdeflate{}
	}
	h, err := purego.Dlopen("libdeflate.so.0", purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return libdeflate{}
	}
	for name, at := range map[string]*uintptr{
		"libdeflate_alloc_decompressor": &l.alloc, "libdeflate_free_decompressor": &l.free, "libdeflate_deflate_decompress": &l.decompress,
	} {
		if *at, err = purego.Dlsym(h, name); err != nil {
			return libdeflate{}
		}
	}
	return l
})

// wholeInflater decodes streams whose decoded size is known by libdeflate, where the
// system has it: it is about three times as fast as decoders in Go. The zero value is
// ready.
type wholeInflater struct{ call *libdeflateCall }

// libdeflateCall is the library's state and what one call of it refers to: addresses of
// Go's memory are numbers there, so it is kept on the heap, which does not move.
type libdeflateCall struct {
	state uintptr
	input []byte // maxWholeInput bytes of address space, of memory what was written to
	into  []byte
	args  [6]uintptr
}

// run fills out with the decoded stream in src. It reports false, with out in any
// state, unless the stream is sound and decodes to exactly len(out) bytes: the caller
// decodes it again then and learns what is wrong with it.
func (z *wholeInflater) run(out, src []byte) bool {
	if len(out) == 0 || len(src) == 0 || len(src) > maxWholeInput || !z.ready() {
		return false
	}
	c := z.call
	// A copy, since src may lie in a mapped file: when that is cut meanwhile, reading
	// it is a panic that the callers recover from in Go, and the end of the process in C.
	n := copy(c.input, src)
	c.into = out
	// libdeflate.h: int libdeflate_deflate_decompress(decompressor, in, in_nbytes, out,
	// out_nbytes_avail, actual_out_nbytes_ret); 0 is success, and without a last
	// argument out must be filled to its end.
	c.args = [...]uintptr{
		c.state, uintptr(unsafe.Pointer(unsafe.SliceData(c.input))), uintptr(n),
		uintptr(unsafe.Pointer(unsafe.SliceData(c.into))), uintptr(len(c.into)), 0,
	}
	status, _, _ := purego.SyscallN(systemLibrary().decompress, c.args[:]...)
	runtime.KeepAlive(c)
	if c.into = nil; n > keptInput {
		release(c.input, c.input[keptInput:])
	}
	return int32(status) == 0
}

// ready allocates the library's state once.
func (z *wholeInflater) ready() bool {
	if z.call != nil {
		return true
	}
	l := systemLibrary()
	if l.decompress == 0 {
		return false
	}
	input, err := unix.Mmap(-1, 0, maxWholeInput, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return false
	}
	state, _, _ := purego.SyscallN(l.alloc)
	if state == 0 {
		unix.Munmap(input)
		return false
	}
	z.call = &libdeflateCall{state: state, input: input}
	runtime.AddCleanup(z.call, func(state uintptr) {
		purego.SyscallN(l.free, state)
		unix.Munmap(input)
	}, state)
	return true
}
