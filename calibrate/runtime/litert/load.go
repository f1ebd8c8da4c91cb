//go:build linux && (amd64 || arm64) && !nolitert

package litert

import (
	"fmt"
	"unsafe"

	"github.com/ebitengine/purego"

	"github.com/gaugenn/gaugenn/calibrate/runtime"
)

// layout is LiteRtLayout: the rank in the low seven bits of the first word, then sizes and strides.
type layout struct {
	rank uint32
	dims [8]int32
	_    [8]uint32 // strides
}

// rankedType is LiteRtRankedTensorType.
type rankedType struct {
	elem   int32
	layout layout
}

// functions are the entry points of the library that are used, with the C names in symbols.
type functions struct {
	createEnvironment func(n int32, options unsafe.Pointer, env *uintptr) int32
	destroyEnv        func(env uintptr)
	modelFromFile     func(env uintptr, path string, model *uintptr) int32
	destroyModel      func(model uintptr)
	createOptions     func(options *uintptr) int32
	setAccelerators   func(options uintptr, set int32) int32
	createOpaque      func(id string, payload unsafe.Pointer, free uintptr, opaque *uintptr) int32
	addOpaque         func(options, opaque uintptr) int32
	compile           func(env, model, options uintptr, compiled *uintptr) int32
	destroyCompiled   func(compiled uintptr)
	fullyAccelerated  func(compiled uintptr, yes *bool) int32
	run               func(compiled, signature, nIn uintptr, in *uintptr, nOut uintptr, out *uintptr) int32
	inRequirements    func(compiled, signature, i uintptr, req *uintptr) int32
	outRequirements   func(compiled, signature, i uintptr, req *uintptr) int32
	requiredSize      func(req uintptr, size *uintptr) int32
	createBuffer      func(env uintptr, kind int32, t *rankedType, size uintptr, buffer *uintptr) int32
	lock              func(buffer uintptr, at *unsafe.Pointer, mode int32) int32
	unlock            func(buffer uintptr) int32
	profiler          func(compiled uintptr, p *uintptr) int32
	startProfiler     func(p uintptr) int32
	stopProfiler      func(p uintptr) int32
	resetProfiler     func(p uintptr) int32
	eventCount        func(p uintptr, n *int32) int32
	events            func(p uintptr, n int32, list *event) int32
	subgraph          func(model, i uintptr, s *uintptr) int32
	inputs, outputs   func(s uintptr, n *uintptr) int32
	input, output     func(s, i uintptr, t *uintptr) int32
	tensorType        func(t uintptr, r *rankedType) int32
	duplicate         func(s string) unsafe.Pointer // libc strdup
	free              uintptr                       // libc free, called by the library
}

// load opens the library and finds every function, or says which is missing.
func load(path string) (*functions, error) {
	h, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", runtime.ErrLibrary, err)
	}
	f := &functions{}
	for name, fn := range map[string]any{
		"LiteRtCreateEnvironment": &f.createEnvironment, "LiteRtDestroyEnvironment": &f.destroyEnv,
		"LiteRtCreateModelFromFile": &f.modelFromFile, "LiteRtDestroyModel": &f.destroyModel,
		"LiteRtCreateOptions": &f.createOptions, "LiteRtSetOptionsHardwareAccelerators": &f.setAccelerators,
		"LiteRtCreateOpaqueOptions": &f.createOpaque, "LiteRtAddOpaqueOptions": &f.addOpaque,
		"LiteRtCreateCompiledModel": &f.compile, "LiteRtDestroyCompiledModel": &f.destroyCompiled,
		"LiteRtCompiledModelIsFullyAccelerated": &f.fullyAccelerated, "LiteRtRunCompiledModel": &f.run,
		"LiteRtGetCompiledModelInputBufferRequirements":  &f.inRequirements,
		"LiteRtGetCompiledModelOutputBufferRequirements": &f.outRequirements,
		"LiteRtGetTensorBufferRequirementsBufferSize":    &f.requiredSize,
		"LiteRtCreateManagedTensorBuffer":                &f.createBuffer,
		"LiteRtLockTensorBuffer":                         &f.lock, "LiteRtUnlockTensorBuffer": &f.unlock,
		"LiteRtCompiledModelGetProfiler": &f.profiler, "LiteRtStartProfiler": &f.startProfiler,
		"LiteRtStopProfiler": &f.stopProfiler, "LiteRtResetProfiler": &f.resetProfiler,
		"LiteRtGetNumProfilerEvents": &f.eventCount, "LiteRtGetProfilerEvents": &f.events,
		"LiteRtGetModelSubgraph": &f.subgraph, "LiteRtGetNumSubgraphInputs": &f.inputs, "LiteRtGetNumSubgraphOutputs": &f.outputs,
		"LiteRtGetSubgraphInput": &f.input, "LiteRtGetSubgraphOutput": &f.output, "LiteRtGetRankedTensorType": &f.tensorType,
	} {
		at, err := purego.Dlsym(h, name)
		if err != nil {
			return nil, fmt.Errorf("%w: %s has no %s: another release than the one this reader knows", runtime.ErrLibrary, path, name)
		}
		purego.RegisterFunc(fn, at)
	}
	libc, err := purego.Dlopen("libc.so.6", purego.RTLD_NOW)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", runtime.ErrLibrary, err)
	}
	purego.RegisterLibFunc(&f.duplicate, libc, "strdup")
	if f.free, err = purego.Dlsym(libc, "free"); err != nil {
		return nil, fmt.Errorf("%w: %w", runtime.ErrLibrary, err)
	}
	return f, nil
}

// maxText bounds a C string that is read.
const maxText = 64 << 20

func text(p *byte) string {
	if p == nil {
		return ""
	}
	n := 0
	for n < maxText && *(*byte)(unsafe.Add(unsafe.Pointer(p), n)) != 0 {
		n++
	}
	return string(unsafe.Slice(p, n))
}
