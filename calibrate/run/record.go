package run

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/gaugenn/gaugenn/calibrate/runtime"
)

// Status is how a run ended.
type Status string

// The statuses. Only OK has a result.
const (
	OK          Status = "ok"
	Crashed     Status = "crashed"     // the process died by a signal or without an answer
	TimedOut    Status = "timeout"     // it was killed when its time was up
	Refused     Status = "refused"     // the runtime does not take the model or an option
	BadOutput   Status = "bad_output"  // the runtime's output is not known
	Unavailable Status = "unavailable" // the runtime is not there
	DeviceLost  Status = "device_lost" // the device went away
	DeviceFull  Status = "device_full" // no space for the model
	Charging    Status = "charging"    // a run with a meter was not begun on a phone that charges
	Failed      Status = "failed"      // anything else, see the reason
)

// Retry reports whether a run with this status is tried again when a plan is resumed: the fault was the cable's or the machine's.
func (s Status) Retry() bool {
	return s == DeviceLost || s == Unavailable || s == DeviceFull || s == Charging
}

// Job is one model to run on one device in one way.
type Job struct {
	ModelID string          `json:"model_id"`
	Name    string          `json:"name"`
	Path    string          `json:"path"`
	Runtime string          `json:"runtime"`
	Options runtime.Options `json:"options"`
	// Shapes are the sizes of inputs by name that the model was priced at; of use where the file leaves them open.
	Shapes  map[string][]int64 `json:"shapes,omitempty"`
	Whole   []string           `json:"whole,omitempty"`   // inputs of Shapes that are whole numbers
	Missing string             `json:"missing,omitempty"` // why there is no file to run; such a job is a row all the same
}

// Key returns the identity of a job on a device: the same job there is not run twice.
func (j Job) Key(device string) string {
	b, err := json.Marshal(struct {
		Device, Model, Runtime string
		Options                runtime.Options
	}{device, j.ModelID, j.Runtime, j.Options})
	if err != nil {
		panic(fmt.Sprintf("job does not marshal: %v", err)) // numbers and strings always do
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:12])
}

// State is what a device was doing at one moment. Nil means that it does not say.
type State struct {
	TemperatureC *float64  `json:"temperature_c,omitempty"` // hottest CPU or skin sensor
	BatteryC     *float64  `json:"battery_c,omitempty"`
	BatteryLevel *float64  `json:"battery_percent,omitempty"`
	Charging     *bool     `json:"charging,omitempty"`
	ClocksMHz    []float64 `json:"clocks_mhz,omitempty"` // of each core
	Load         *float64  `json:"load,omitempty"`       // runnable processes per core, last minute
	Governors    []string  `json:"governors,omitempty"`  // of each core
	Governor     string    `json:"governor,omitempty"`   // of the first core, in records without Governors
	Screen       string    `json:"screen,omitempty"`     // on or off
	Thermal      *int      `json:"thermal_status,omitempty"`
	Airplane     *bool     `json:"airplane,omitempty"` // the radios are off
}

// governorOf returns the governor of a core of ClocksMHz; "" not known.
func (s State) governorOf(core int) string {
	if len(s.Governors) == len(s.ClocksMHz) {
		return s.Governors[core]
	}
	return s.Governor
}

// Facts are what a device is.
type Facts struct {
	ID       string            `json:"id"`                // host, or the serial number
	Address  string            `json:"address,omitempty"` // as adb names it, which may be where it is reached
	Name     string            `json:"name"`              // as the device calls itself
	SoC      string            `json:"soc,omitempty"`
	ABI      string            `json:"abi,omitempty"`
	Cores    int               `json:"cores,omitempty"`
	MemoryMB int64             `json:"memory_mb,omitempty"`
	CPU      string            `json:"cpu,omitempty"`      // model name or part numbers
	Clusters string            `json:"clusters,omitempty"` // 4x1800+2x2400+1x2850, clocks in MHz
	Kinds    []string          `json:"kinds,omitempty"`    // of each core, the catalogue's name: A510; "" for one that it does not know
	Props    map[string]string `json:"props,omitempty"`    // the few properties that name a phone
	// Simulated says that there is no such device: every number of its runs is made from published facts.
	Simulated bool `json:"simulated,omitempty"`
}

// Record is one line of runs.jsonl.
type Record struct {
	RunID   string         `json:"run_id"`
	Job     Job            `json:"job"`
	Device  Facts          `json:"device"`
	Status  Status         `json:"status"`
	Reason  string         `json:"reason,omitempty"`
	Started time.Time      `json:"started"`
	TookS   float64        `json:"took_s"`
	Before  State          `json:"before"`
	After   State          `json:"after"`
	Result  runtime.Result `json:"result"`
	Energy  *Energy        `json:"energy,omitempty"` // nil when no meter was asked for
	Log     string         `json:"log,omitempty"`    // end of what a failed run printed
}
