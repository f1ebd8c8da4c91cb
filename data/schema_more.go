package data

// Evidence is a row of the evidence table: one observation that an app uses a
// runtime, delegate, cloud API, model download or SDK. Key: app_sha256,
// rule_id, path.
type Evidence struct {
	AppSHA256   string `parquet:"app_sha256,dict"`
	RuleID      string `parquet:"rule_id,dict"`
	Path        string `parquet:"path,dict"`
	Kind        string `parquet:"kind,dict"`
	Subject     string `parquet:"subject,dict"`
	Strength    string `parquet:"strength,dict"`
	Detail      string `parquet:"detail"`
	OffsetBytes *int64 `parquet:"offset_bytes,optional"`
	RuleVersion string `parquet:"rule_version,dict"`
}

// Relation is a row of the relations table: how two models are related. Key:
// model_id, other_id.
type Relation struct {
	ModelID        string   `parquet:"model_id,dict"`
	OtherID        string   `parquet:"other_id,dict"`
	Kind           string   `parquet:"kind,dict"`
	SharedFraction *float64 `parquet:"shared_fraction,optional"`
	Reason         string   `parquet:"reason,dict"`
}

// Measurement is a row of the measurements table: one measured, recorded or
// simulated run of one model on one target. Key: run_id. basis keeps the three
// apart; a value that was not taken is null.
type Measurement struct {
	RunID           string    `parquet:"run_id,dict"`
	ModelID         string    `parquet:"model_id,dict"`
	ModelName       string    `parquet:"model_name,dict"`
	Device          string    `parquet:"device,dict"`
	SoC             string    `parquet:"soc,dict"`
	Runtime         string    `parquet:"runtime,dict"`
	RuntimeVersion  string    `parquet:"runtime_version,dict"`
	Delegate        string    `parquet:"delegate,dict"`
	Threads         *int64    `parquet:"threads,optional"`
	Affinity        string    `parquet:"affinity,dict"`
	Precision       string    `parquet:"precision,dict"`
	RepeatsMS       []float64 `parquet:"repeats_ms,list"`
	LatencyMS       *float64  `parquet:"latency_ms,optional"`
	LatencyMinMS    *float64  `parquet:"latency_min_ms,optional"`
	LatencyP90MS    *float64  `parquet:"latency_p90_ms,optional"`
	LatencyStat     string    `parquet:"latency_stat,dict"`
	EnergyMJ        *float64  `parquet:"energy_mj,optional"`
	PowerW          *float64  `parquet:"power_w,optional"`
	PeakMemoryBytes *int64    `parquet:"peak_memory_bytes,optional"`
	TemperatureC    *float64  `parquet:"temperature_c,optional"`
	ClockMHz        *float64  `parquet:"clock_mhz,optional"`
	Basis           string    `parquet:"basis,dict"`
	Valid           bool      `parquet:"valid"`
	Reason          string    `parquet:"reason,dict"`
	RecordedAt      string    `parquet:"recorded_at,dict"`
	Source          string    `parquet:"source,dict"`
	Licence         string    `parquet:"licence,dict"`
	Notes           string    `parquet:"notes,dict"`
}

// Prediction is a row of the predictions table: one model on one target. Key:
// model_id, target. A refusal has null numbers and a reason.
type Prediction struct {
	ModelID         string   `parquet:"model_id,dict"`
	Target          string   `parquet:"target,dict"`
	Device          string   `parquet:"device,dict"`
	SoC             string   `parquet:"soc,dict"`
	Runtime         string   `parquet:"runtime,dict"`
	Delegate        string   `parquet:"delegate,dict"`
	Threads         int64    `parquet:"threads"`
	Precision       string   `parquet:"precision,dict"`
	LatencyMS       *float64 `parquet:"latency_ms,optional"`
	LatencyLoMS     *float64 `parquet:"latency_lo_ms,optional"`
	LatencyHiMS     *float64 `parquet:"latency_hi_ms,optional"`
	EnergyMJ        *float64 `parquet:"energy_mj,optional"`
	EnergyLoMJ      *float64 `parquet:"energy_lo_mj,optional"`
	EnergyHiMJ      *float64 `parquet:"energy_hi_mj,optional"`
	EnergyBasis     string   `parquet:"energy_basis,dict"`
	PeakMemoryBytes *int64   `parquet:"peak_memory_bytes,optional"`
	BoundBy         string   `parquet:"bound_by,dict"`
	Basis           string   `parquet:"basis,dict"`
	Reason          string   `parquet:"reason,dict"`
	ProfileHash     string   `parquet:"profile_hash,dict"`
}
