package ptl

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/aten"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatfmt"
)

// Byte codes, in the order of instruction.h.
const (
	opOP = iota
	opOPN
	opLOAD
	opMOVE
	opSTOREN
	opSTORE
	opDROP
	opDROPR
	opLOADC
	opJF
	opJMP
	opLOOP
	opRET
	opWAIT
	opCALL
	opGUARD
	opTYPECHECK
	opFAILGUARD
	opPROFILE
	opTAILCALL
	opINTERFACECALL
	opGETATTR
	opSETATTR
	opLISTUNPACK
	opTUPLECONSTRUCT
	opNAMEDTUPLECONSTRUCT
	opLISTCONSTRUCT
	opDICTCONSTRUCT
	opCREATEOBJECT
	opISINSTANCE
	opTUPLESLICE
	opTUPLEINDEX
	opRAISEEXCEPTION
	opDICTINDEX
	opUNCHECKEDCAST
	opIS
	opUNINITIALIZED
	opISNOT
	opFORMAT
	opDEVICE
	opDTYPE
	opDIM
	opNOT
	opTOLIST
	opNUMTOTENSOR
	opISCUDA
	opFORK
	opWARN
)

// maxSteps bounds the instructions run and values loaded for one model.
const maxSteps = 1 << 20

// code is one method while it runs.
type code struct {
	*reader
	f         flatbuf.Table
	g         *graph.Graph
	stack     []*value
	registers []*value
	tensors   map[uint32]graph.TensorID // by ivalue
	constants flatbuf.Vector
	loaded    map[uint32]*value // constants that are no lists
	operators []operator
}

// operator is one entry of a function's operator table.
type operator struct {
	name, overload string
	args           int // -1: not stated
}

// prepare reads the tables that instructions refer to.
func (c *code) prepare() error {
	c.constants, c.loaded = c.f.Vector(functionConstants, 4), map[uint32]*value{}
	list := c.f.Tables(functionOperators)
	c.operators = make([]operator, list.Len())
	for i := range c.operators {
		t := list.Table(i)
		c.operators[i] = operator{flatfmt.Text(t.String(0), c.lim), flatfmt.Text(t.String(1), c.lim), int(t.Int32(2, -1))}
	}
	return flatfmt.Error(c.fb.Err())
}

// constant returns constant i. Lists are made anew, for code may append to them.
func (c *code) constant(i uint32) *value {
	if v, ok := c.loaded[i]; ok {
		return v
	}
	v := c.load(i, "", 0)
	if v.items == nil && v.Kind != aten.IntList {
		c.loaded[i] = v
	}
	return v
}

func (c *code) push(v *value) { c.stack = append(c.stack, v) }

func (c *code) pop() *value {
	if len(c.stack) == 0 {
		return unknown()
	}
	v := c.stack[len(c.stack)-1]
	c.stack = c.stack[:len(c.stack)-1]
	return v
}

// popN takes the n topmost values in order.
func (c *code) popN(n int) []*value {
	n = max(0, min(n, len(c.stack)))
	out := slices.Clone(c.stack[len(c.stack)-n:])
	c.stack = c.stack[:len(c.stack)-n]
	return out
}

func (c *code) register(i int) **value {
	if i <= 0 || i >= len(c.registers) {
		i = 0 // registers count from 1
	}
	if c.registers[i] == nil {
		c.registers[i] = unknown()
	}
	return &c.registers[i]
}

type instruction struct {
	op byte
	n  int
	x  int
}

func (c *code) instructions() []instruction {
	v := c.f.Vector(functionInstructions, 8)
	out := make([]instruction, v.Len())
	for i := range out {
		b := v.Struct(i)
		if b == nil {
			return nil
		}
		out[i] = instruction{b[0], int(binary.LittleEndian.Uint16(b[2:])), int(int32(binary.LittleEndian.Uint32(b[4:])))}
	}
	return out
}

// run executes the method on symbols until it returns.
func (c *code) run() error {
	list := c.instructions()
	if err := c.prepare(); err != nil {
		return err
	}
	for pc := 0; pc >= 0 && pc < len(list); {
		if c.steps++; c.steps > maxSteps || len(c.stack) > maxSteps {
			c.note(true, "the byte code runs longer than is followed")
			break
		}
		i := list[pc]
		if i.op == opRET {
			break
		}
		next, err := c.step(list, pc, i)
		if err != nil {
			return err
		}
		pc = next
	}
	c.results()
	c.inputShapes()
	return flatfmt.Error(c.fb.Err())
}

// inputShapes states what a convolution says of a graph input that it reads:
// rank and channels.
func (c *code) inputShapes() {
	for i := range c.g.Nodes {
		n := &c.g.Nodes[i]
		a, ok := n.Attrs.(*graph.ConvAttrs)
		if !ok || n.Op != graph.Conv || !slices.Contains(c.g.Inputs, n.Input(0)) {
			continue
		}
		x, w := c.g.Tensor(n.Input(0)), c.g.Tensor(n.Input(1))
		if w == nil {
			continue
		}
		if in, known := w.Shape.Dim(1).Value(); known && !x.Shape.IsRanked() && w.Shape.Len() > 2 && in < 1<<31 {
			x.Shape = graph.UnknownOfRank(w.Shape.Len()).With(1, graph.DimOf(in*max(1, min(a.Groups, 1<<20))))
			x.DType = graph.Float32
		}
	}
}

// results makes outputs of the tensors that the method returns.
func (c *code) results() {
	if len(c.stack) == 0 {
		return
	}
	var add func(v *value, depth int)
	add = func(v *value, depth int) {
		if v.Kind == aten.Tensor {
			c.g.Outputs = append(c.g.Outputs, v.Tensor)
		}
		for _, x := range v.items {
			if depth < 8 && len(c.g.Outputs) < 1<<16 {
				add(x, depth+1)
			}
		}
	}
	add(c.stack[len(c.stack)-1], 0)
}

// step executes one instruction and returns the next place.
func (c *code) step(list []instruction, pc int, i instruction) (int, error) {
	switch i.op {
	case opOP, opOPN:
		return pc + 1, c.operator(i)
	case opLOAD:
		c.push(*c.register(i.x))
	case opMOVE:
		c.push(*c.register(i.x))
	case opSTOREN:
		for k, v := range c.popN(i.n) {
			*c.register(i.x + k) = v
		}
	case opSTORE:
		*c.register(i.x) = c.pop()
	case opDROP:
		c.pop()
	case opLOADC:
		if i.x < 0 || i.x >= c.constants.Len() {
			return 0, format.Errorf(format.ErrMalformed, int64(c.f.Pos()), "constant %d of %d", i.x, c.constants.Len())
		}
		c.push(c.constant(c.constants.Uint32(i.x)))
	case opJF:
		return c.jumpFalse(list, pc, i), nil
	case opJMP:
		return pc + i.x, nil
	case opLOOP:
		return c.loop(pc, i), nil
	case opGETATTR:
		o := c.pop()
		v := unknown()
		if o.object > 0 {
			if index, path, ok := c.attribute(o.object-1, o.path, i.x); ok {
				v = c.load(index, path, 0)
			}
		}
		c.push(v)
	default:
		c.other(i)
	}
	return pc + 1, nil
}

// other executes instructions that only move values about.
func (c *code) other(i instruction) {
	switch i.op {
	case opSETATTR:
		c.popN(2)
	case opLISTUNPACK:
		v := c.pop()
		c.steps += min(max(i.x, 0), 1<<12)
		for k := range min(max(i.x, 0), 1<<12) {
			if k < len(v.items) {
				c.push(v.items[k])
			} else {
				c.push(unknown())
			}
		}
	case opTUPLECONSTRUCT:
		c.push(&value{items: c.popN(i.x), Value: aten.Value{Kind: aten.Other}})
	case opNAMEDTUPLECONSTRUCT:
		c.push(&value{items: c.popN(i.n), Value: aten.Value{Kind: aten.Other}})
	case opLISTCONSTRUCT:
		c.push(listOf(c.popN(i.n)))
	case opDICTCONSTRUCT:
		c.popN(i.n)
		c.push(unknown())
	case opTUPLESLICE:
		v := c.pop()
		from, to := min(max(i.x, 0), len(v.items)), min(max(i.x+i.n, 0), len(v.items))
		c.push(&value{items: v.items[min(from, to):to], Value: aten.Value{Kind: aten.Other}})
	case opTUPLEINDEX:
		index, v := c.pop(), c.pop()
		if k := index.Int; index.Kind == aten.Int && k >= 0 && k < int64(len(v.items)) {
			c.push(v.items[k])
		} else {
			c.push(unknown())
		}
	case opCREATEOBJECT, opUNINITIALIZED:
		c.push(unknown())
	case opISINSTANCE, opDEVICE, opDTYPE, opISCUDA:
		c.pop()
		c.push(unknown())
	case opDIM:
		v := c.pop()
		t := c.g.Tensor(v.Tensor)
		if v.Kind == aten.Tensor && t != nil && t.Shape.IsRanked() {
			c.push(intValue(int64(t.Shape.Len())))
		} else {
			c.push(unknown())
		}
	case opFORMAT:
		c.popN(i.x)
		c.push(unknown())
	case opDICTINDEX:
		c.popN(2)
		c.push(unknown())
	case opNOT:
		if v := c.pop(); v.Kind == aten.Bool {
			c.push(boolValue(v.Int == 0))
		} else {
			c.push(unknown())
		}
	case opIS, opISNOT:
		c.identity(i.op == opIS)
	case opRAISEEXCEPTION, opWARN:
		c.pop()
	case opCALL, opINTERFACECALL, opFORK, opTAILCALL:
		c.note(true, "calls of other functions are not followed")
		c.popN(i.n)
		c.push(unknown())
	}
}

// identity compares with None, which is what models compare with.
func (c *code) identity(want bool) {
	b, a := c.pop(), c.pop()
	known := func(v *value) bool { return v.Kind != aten.Other || v.object > 0 || v.items != nil }
	if (a.Kind == aten.None || b.Kind == aten.None) && known(a) && known(b) {
		same := a.Kind == b.Kind && a.object == b.object
		c.push(boolValue(same == want))
		return
	}
	c.push(unknown())
}

// raiseDistance bounds the search for an exception in a branch.
const raiseDistance = 64

// jumpFalse follows a condition that is known; of one that depends on data it
// takes the branch that does not raise an exception, else the first.
func (c *code) jumpFalse(list []instruction, pc int, i instruction) int {
	cond := c.pop()
	if cond.Kind == aten.Bool || cond.Kind == aten.Int {
		if cond.Int == 0 {
			return pc + i.x
		}
		return pc + 1
	}
	for k := pc + 1; k < min(pc+i.x, len(list), pc+raiseDistance); k++ {
		if list[k].op == opRAISEEXCEPTION {
			return pc + i.x
		}
		if list[k].op == opJMP || list[k].op == opRET {
			break
		}
	}
	if i.x > 1 && pc+i.x <= len(list) {
		c.note(false, "a condition depends on data: its first branch is taken")
	}
	return pc + 1
}

// loop: the stack holds the count so far, the trip count, the condition and
// the values carried; x leads behind the loop. A loop of unknown length is run once.
func (c *code) loop(pc int, i instruction) int {
	frame := len(c.stack) - (i.n + 1)
	if frame < 0 || i.n < 2 {
		return pc + max(1, i.x)
	}
	trip, limit, cond := c.stack[frame], c.stack[frame+1], c.stack[frame+2]
	more := trip.Int < limit.Int
	if limit.Kind != aten.Int {
		c.note(true, "a loop's length depends on data: its body is counted once")
		more = trip.Int < 1
	}
	if cond.Kind == aten.Bool && cond.Int == 0 {
		more = false
	}
	if more && trip.Kind == aten.Int {
		c.stack[frame+2] = intValue(trip.Int)
		c.stack[frame] = intValue(trip.Int + 1)
		return pc + 1
	}
	c.stack = append(c.stack[:frame], c.stack[frame+3:]...)
	return pc + max(1, i.x)
}

// operator runs operator x: integer arithmetic and list access are computed,
// what yields tensors becomes a node.
func (c *code) operator(i instruction) error {
	if i.x < 0 || i.x >= len(c.operators) {
		return format.Errorf(format.ErrMalformed, int64(c.f.Pos()), "operator %d of %d", i.x, len(c.operators))
	}
	o := c.operators[i.x]
	name, overload, count := o.name, o.overload, o.args
	if i.op == opOPN {
		count = i.n
	}
	if count < 0 {
		var ok bool
		if count, ok = arity[name]; !ok {
			c.note(true, fmt.Sprintf("the number of arguments of %s is not stated", name))
			count = 1
		}
	}
	args := c.popN(count)
	if v, ok := c.scalar(name, overload, args); ok {
		if v != nil {
			c.push(v)
		}
		return nil
	}
	return c.node(name, overload, args)
}

func (c *code) node(name, overload string, args []*value) error {
	if err := flatfmt.Count(&c.nodes, 1, c.lim.Nodes, "operators"); err != nil {
		return err
	}
	n := graph.Node{SourceOp: aten.Short(name), Name: name}
	if overload != "" {
		n.Name += "." + overload
	}
	call := aten.Call{Name: name, Overload: overload, Graph: c.g}
	for _, a := range args {
		call.Args = append(call.Args, a.Value)
	}
	aten.Translate(&n, call)
	results := 1
	if k, ok := outputs[name+"."+overload]; ok {
		results = k
	} else if k, ok := outputs[name]; ok {
		results = k
	}
	if listResult[name] {
		results = c.parts(args)
	}
	var items []*value
	for k := range results {
		c.g.Tensors = append(c.g.Tensors, graph.Tensor{Name: fmt.Sprintf("%s_%d_%d", n.SourceOp, len(c.g.Nodes), k)})
		id := graph.TensorID(len(c.g.Tensors) - 1)
		n.Outputs = append(n.Outputs, id)
		items = append(items, &value{Value: aten.Value{Kind: aten.Tensor, Tensor: id}})
	}
	c.g.Nodes = append(c.g.Nodes, n)
	if listResult[name] {
		c.push(listOf(items))
		return nil
	}
	for _, v := range items {
		c.push(v)
	}
	return nil
}

// parts returns how many tensors a splitting operator yields, 2 if unknown.
func (c *code) parts(args []*value) int {
	for _, a := range args[min(1, len(args)):] {
		if a.Kind == aten.IntList && len(a.Ints) > 0 {
			return min(len(a.Ints), 1<<10)
		}
	}
	if len(args) > 1 && args[1].Kind == aten.Int && args[1].Int > 0 && args[1].Int <= 64 {
		return int(args[1].Int)
	}
	c.note(true, "a split into an unknown number of parts counts as two")
	return 2
}
