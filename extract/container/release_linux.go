package container

import (
	"os"
	"syscall"
	"unsafe"
)

// release drops the whole pages of part from memory; part is a slice of data,
// which is mapped. Failing costs memory only, so the error is not looked at.
func release(data, part []byte) {
	base := uintptr(unsafe.Pointer(unsafe.SliceData(data)))
	from := uintptr(unsafe.Pointer(unsafe.SliceData(part))) - base
	if from > uintptr(len(data)) || uintptr(len(part)) > uintptr(len(data))-from {
		return
	}
	page := uintptr(os.Getpagesize())
	start, end := (from+page-1)&^(page-1), (from+uintptr(len(part)))&^(page-1)
	if int(from)+len(part) == len(data) {
		end = uintptr(len(data))
	}
	if start < end {
		_ = syscall.Madvise(data[start:end], syscall.MADV_DONTNEED)
	}
}
