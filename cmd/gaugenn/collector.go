package main

import (
	"runtime/debug"
	"runtime/metrics"
)

// heapFloor is memory in bytes that a scan reserves and never touches, so it takes
// none: it keeps the garbage collector from running again and again over a small heap.
const heapFloor = 64 << 20

// collectorPercent is the growth of the heap, in per cent, after which it is
// collected: little, since the large buffers of a scan are reused.
const collectorPercent = 50

// endingPercent is the same while the tables are closed.
const endingPercent = 200

// collector is the garbage collector's setting during a scan.
type collector struct {
	before int
	floor  []byte
	live   []metrics.Sample
}

// tuneCollector sets the garbage collector for a scan; restore undoes it.
func tuneCollector() *collector {
	return &collector{
		before: debug.SetGCPercent(collectorPercent), floor: make([]byte, heapFloor),
		live: []metrics.Sample{{Name: "/gc/heap/live:bytes"}},
	}
}

// check gives the floor up once the heap is as large without it: then it would only
// let garbage grow, by half of the floor and of all that lives.
func (c *collector) check() {
	if c.floor == nil {
		return
	}
	metrics.Read(c.live)
	if v := c.live[0].Value; v.Kind() == metrics.KindUint64 && v.Uint64() > heapFloor*8/5 {
		c.floor = nil
	}
}

// ending lets the last rows be written out without collections: little is allocated for
// them, beside all that the scan needed and no longer holds.
func (c *collector) ending() { debug.SetGCPercent(endingPercent) }

func (c *collector) restore() {
	c.floor = nil
	debug.SetGCPercent(c.before)
}
