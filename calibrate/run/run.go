package run

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Options says how jobs are taken to a device.
type Options struct {
	CoolTo   float64       // degrees Celsius that a device must be at or below before a run; 0 no limit
	CoolWait time.Duration // longest wait for that; 0 is 5 minutes
	// MinBattery is the percentage below which no run is started on a device that is not charging; 0 no limit.
	MinBattery float64
	// Now and Sleep are the clock; nil takes the machine's.
	Now      func() time.Time
	Sleep    func(context.Context, time.Duration)
	Progress func(done, all int, r *Record) // after each run or skip (r nil); may be nil
}

// Clock is a device with a time of its own, which is not the machine's.
type Clock interface {
	Now() time.Time
	Sleep(context.Context, time.Duration)
}

func (o Options) filled() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.CoolWait <= 0 {
		o.CoolWait = 5 * time.Minute
	}
	if o.Progress == nil {
		o.Progress = func(int, int, *Record) {}
	}
	return o
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// ErrBattery ends the jobs when the battery is too low. Started again later, they go on.
var ErrBattery = errors.New("battery is too low")

// goneAfter is how many runs in a row a device may be lost before the rest is no longer tried.
const goneAfter = 3

// Jobs runs jobs one after another on a device and appends a record of each to the log, leaving out what the log has. It stops
// at the end of the context, whose job is not logged, when the battery is too low (ErrBattery), and when the log cannot be written. On a
// device that is lost the next jobs are tried all the same, up to goneAfter in a row; every job is a row, and a resumed run tries those again.
func Jobs(ctx context.Context, d Device, jobs []Job, log *Log, opt Options) error {
	if c, ok := d.(Clock); ok {
		opt.Now, opt.Sleep = c.Now, c.Sleep
	}
	opt = opt.filled()
	facts, err := d.Facts(ctx)
	lost := 0
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return ctx.Err()
	case facts.Address == "":
		return fmt.Errorf("device: %w", err)
	default: // it is known by its address only
		facts.ID, lost = log.deviceAt(facts.Address), goneAfter
	}
	for i, job := range jobs {
		id := job.Key(facts.ID)
		if log.Done(id) {
			opt.Progress(i+1, len(jobs), nil)
			continue
		}
		rec := &Record{Job: job, Started: opt.Now().UTC(), Status: DeviceLost, Reason: "not tried: the device is gone"}
		if err != nil {
			rec.Reason = err.Error()
		}
		switch {
		case job.Missing != "":
			rec.Status, rec.Reason = Unavailable, job.Missing
		case lost < goneAfter:
			before := cool(ctx, d, opt)
			if b := before.BatteryLevel; b != nil && *b < opt.MinBattery && (before.Charging == nil || !*before.Charging) {
				return fmt.Errorf("%s: %w: %.0f %%, after %d of %d jobs", facts.Name, ErrBattery, *b, i, len(jobs))
			}
			rec = one(ctx, d, job, before, opt)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if lost++; rec.Status != DeviceLost {
			lost = 0
		}
		rec.RunID, rec.Device = id, facts
		if err := log.Append(rec); err != nil {
			return err
		}
		opt.Progress(i+1, len(jobs), rec)
	}
	return nil
}

// All runs the same jobs on several devices at once, on each one after another. A device that fails or is lost does not stop the others; its
// error is joined to theirs. Progress is called by one device at a time.
func All(ctx context.Context, devices []Device, jobs []Job, log *Log, opt Options) error {
	if say := opt.Progress; say != nil {
		var mu sync.Mutex
		opt.Progress = func(done, all int, r *Record) {
			mu.Lock()
			defer mu.Unlock()
			say(done, all, r)
		}
	}
	errs := make([]error, len(devices))
	var wg sync.WaitGroup
	for i, d := range devices {
		wg.Go(func() { errs[i] = Jobs(ctx, d, jobs, log, opt) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

func one(ctx context.Context, d Device, job Job, before State, opt Options) *Record {
	rec := &Record{Job: job, Before: before, Started: opt.Now().UTC()}
	out := d.Run(ctx, job)
	rec.TookS = opt.Now().Sub(rec.Started).Seconds()
	rec.Status, rec.Reason, rec.Result, rec.Energy = out.Status, out.Reason, out.Result, out.Energy
	if rec.Status != OK {
		rec.Log = out.Log
	}
	rec.After = d.State(ctx)
	return rec
}

// cool waits until the device is cool enough, and returns its state then.
func cool(ctx context.Context, d Device, opt Options) State {
	end := opt.Now().Add(opt.CoolWait)
	for {
		s := d.State(ctx)
		if opt.CoolTo <= 0 || s.TemperatureC == nil || *s.TemperatureC <= opt.CoolTo || ctx.Err() != nil || opt.Now().After(end) {
			return s
		}
		opt.Sleep(ctx, 5*time.Second)
	}
}
