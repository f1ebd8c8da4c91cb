package data

// Evidence is a row of the evidence table: one observation that an app uses a
// runtime, delegate, cloud API, model download or SDK. Key: app_sha256,
// rule_id, path, value.
type Evidence struct {
	AppSHA256   string `parquet:"app_sha256,dict"`       // the app
	RuleID      string `parquet:"rule_id,dict"`          // rule that fired
	Path        string `parquet:"path,dict"`             // file in the app
	Kind        string `parquet:"kind,dict"`             // runtime, delegate, cloud_api, download or sdk
	Subject     string `parquet:"subject,dict"`          // what it is evidence of
	Strength    string `parquet:"strength,dict"`         // called, referenced, linked or string, see rules
	Detail      string `parquet:"detail"`                // the string, symbol or class seen
	Caller      string `parquet:"caller,dict"`           // method whose code calls, sets or loads it, the app's own before a library's, empty if none does or it is not known
	Value       string `parquet:"value,dict"`            // constants that code gives to the method or field, what the manifest sets, or the address or file named; empty if not known
	OffsetBytes *int64 `parquet:"offset_bytes,optional"` // where in the file
	Verified    bool   `parquet:"verified"`              // the rule carries an observed example
	RuleVersion string `parquet:"rule_version,dict"`     // version of the rule set
}

// Relation is a row of the relations table: how two models are related. Key:
// model_id, other_id.
type Relation struct {
	ModelID        string   `parquet:"model_id,dict"`            // one model
	OtherID        string   `parquet:"other_id,dict"`            // the other
	Kind           string   `parquet:"kind,dict"`                // same_graph, shared_weights, fine_tuned, converted, quantised
	SharedFraction *float64 `parquet:"shared_fraction,optional"` // share of weight bytes in common
	Reason         string   `parquet:"reason,dict"`              // why
}

// Measurement is a row of the measurements table: one measured, recorded or
// simulated run of one model on one target. Key: run_id. basis keeps the three
// apart; a value that was not taken is null.
type Measurement struct {
	RunID           string    `parquet:"run_id,dict"`                // one run: one model on one target
	ModelID         string    `parquet:"model_id,dict"`              // key of models, empty if the file is not known
	ModelName       string    `parquet:"model_name,dict"`            // name as recorded
	MACs            *int64    `parquet:"macs,optional"`              // multiply-accumulates of the network, where its kernels are known
	Device          string    `parquet:"device,dict"`                // device as recorded
	SoC             string    `parquet:"soc,dict"`                   // SoC, empty if unknown
	Runtime         string    `parquet:"runtime,dict"`               // runtime
	RuntimeVersion  string    `parquet:"runtime_version,dict"`       // its version
	Delegate        string    `parquet:"delegate,dict"`              // cpu, gpu, npu, dsp
	Threads         *int64    `parquet:"threads,optional"`           // CPU threads
	Affinity        string    `parquet:"affinity,dict"`              // cores used, as recorded
	Precision       string    `parquet:"precision,dict"`             // arithmetic precision
	RepeatsMS       []float64 `parquet:"repeats_ms,list"`            // raw repeats in order
	LatencyMS       *float64  `parquet:"latency_ms,optional"`        // median of the valid repeats, or the recorded statistic
	LatencyMinMS    *float64  `parquet:"latency_min_ms,optional"`    // smallest repeat
	LatencyP90MS    *float64  `parquet:"latency_p90_ms,optional"`    // 90th percentile
	LatencyMaxMS    *float64  `parquet:"latency_max_ms,optional"`    // largest repeat
	LatencyStat     string    `parquet:"latency_stat,dict"`          // which statistic latency_ms is
	EnergyMJ        *float64  `parquet:"energy_mj,optional"`         // above idle, per inference
	PowerW          *float64  `parquet:"power_w,optional"`           // mean power above idle
	PeakMemoryBytes *int64    `parquet:"peak_memory_bytes,optional"` // peak memory
	TemperatureC    *float64  `parquet:"temperature_c,optional"`     // at the start
	ClockMHz        *float64  `parquet:"clock_mhz,optional"`         // mean clock of the cores used
	Basis           string    `parquet:"basis,dict"`                 // measured, recorded or simulated
	Valid           bool      `parquet:"valid"`                      // false: see reason
	Reason          string    `parquet:"reason,dict"`                // why a run is not valid
	RecordedAt      string    `parquet:"recorded_at,dict"`           // date as recorded
	Source          string    `parquet:"source,dict"`                // where the row is from
	Licence         string    `parquet:"licence,dict"`               // licence of the row
	Notes           string    `parquet:"notes,dict"`                 // key=value notes of the source
}

// Prediction is a row of the predictions table: one model on one target. Key:
// model_id, target. A refusal has null numbers and a reason.
type Prediction struct {
	ModelID         string   `parquet:"model_id,dict"`              // key of models
	Target          string   `parquet:"target,dict"`                // device/runtime/delegate/threads/precision
	Device          string   `parquet:"device,dict"`                // device
	SoC             string   `parquet:"soc,dict"`                   // SoC
	Runtime         string   `parquet:"runtime,dict"`               // runtime
	Delegate        string   `parquet:"delegate,dict"`              // cpu, gpu or npu
	Threads         int64    `parquet:"threads"`                    // CPU threads
	Precision       string   `parquet:"precision,dict"`             // precision
	LatencyMS       *float64 `parquet:"latency_ms,optional"`        // median estimate; null in a refusal
	LatencyLoMS     *float64 `parquet:"latency_lo_ms,optional"`     // 5th percentile
	LatencyHiMS     *float64 `parquet:"latency_hi_ms,optional"`     // 95th percentile
	EnergyMJ        *float64 `parquet:"energy_mj,optional"`         // above idle
	EnergyLoMJ      *float64 `parquet:"energy_lo_mj,optional"`      // 5th percentile
	EnergyHiMJ      *float64 `parquet:"energy_hi_mj,optional"`      // 95th percentile
	EnergyBasis     string   `parquet:"energy_basis,dict"`          // same_target (fitted on measured energies), simulated, or empty
	PeakMemoryBytes *int64   `parquet:"peak_memory_bytes,optional"` // from the memory planner
	BoundBy         string   `parquet:"bound_by,dict"`              // compute, memory or overhead
	Basis           string   `parquet:"basis,dict"`                 // measured, same_target, same_soc, unseen, simulated or refused
	Reason          string   `parquet:"reason,dict"`                // why refused or wide, and what is assumed, such as sizes
	ProfileHash     string   `parquet:"profile_hash,dict"`          // profile that answered
}
