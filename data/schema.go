package data

// SchemaVersion counts changes of any table's columns. Adding a column raises
// it; a column is never renamed or removed.
const SchemaVersion = 1

// RowGroupRows is the largest row group written, near DuckDB's own size.
const RowGroupRows = 122_880

// Meta is what every file says about how it was made.
type Meta struct {
	// Tool is the version of gaugenn, Rules that of the evidence rules.
	Tool, Rules string
	// Command is the command line, without host-specific paths made absolute.
	Command string
}

// App is a row of the apps table: one app or container, or one loose file.
// Key: app_sha256.
type App struct {
	AppSHA256      string   `parquet:"app_sha256,dict"`
	Path           string   `parquet:"path"`
	Container      string   `parquet:"container,dict"`
	PackageName    *string  `parquet:"package_name,dict,optional"`
	VersionCode    *int64   `parquet:"version_code,optional"`
	VersionName    *string  `parquet:"version_name,dict,optional"`
	SizeBytes      int64    `parquet:"size_bytes"`
	MinSDK         *int64   `parquet:"min_sdk,optional"`
	TargetSDK      *int64   `parquet:"target_sdk,optional"`
	ABIs           []string `parquet:"abis,list" parquet-element:",dict"`
	EntryCount     *int64   `parquet:"entry_count,optional"`
	CandidateCount int64    `parquet:"candidate_count"`
	ModelCount     int64    `parquet:"model_count"`
	Snapshot       *string  `parquet:"snapshot,dict,optional"`
	Category       *string  `parquet:"category,dict,optional"`
	Status         string   `parquet:"status,dict"`
	Reason         string   `parquet:"reason,dict"`
}

// File is a row of the files table: one candidate file and how it ended.
// Key: app_sha256, path. Nested paths are joined by "!/".
type File struct {
	AppSHA256       string   `parquet:"app_sha256,dict"`
	Path            string   `parquet:"path"`
	SHA256          *string  `parquet:"sha256,dict,optional"`
	SizeBytes       *int64   `parquet:"size_bytes,optional"`
	CompressedBytes *int64   `parquet:"compressed_bytes,optional"`
	Extension       string   `parquet:"extension,dict"`
	Format          *string  `parquet:"format,dict,optional"`
	Status          string   `parquet:"status,dict"`
	Reason          string   `parquet:"reason,dict"`
	ModelID         *string  `parquet:"model_id,dict,optional"`
	OffsetBytes     *int64   `parquet:"offset_bytes,optional"`
	LengthBytes     *int64   `parquet:"length_bytes,optional"`
	PartOf          *string  `parquet:"part_of,dict,optional"`
	Entropy         *float64 `parquet:"entropy,optional"`
}

// Model is a row of the models table: one distinct network. Key: model_id,
// the SHA-256 over the model's content (over both parts of a pair).
//
// macs, flops and ops are for one inference of the main graph at the recorded
// binding of free dimensions; null when a node that multiplies has unknown
// shapes or the graph is opaque. unknown_cost_nodes > 0 makes them lower
// bounds. The assumed_* columns answer for models whose free dimensions the
// file leaves open, at the sizes that assumed_binding states.
type Model struct {
	ModelID                    string    `parquet:"model_id,dict"`
	Format                     string    `parquet:"format,dict"`
	FormatVersion              string    `parquet:"format_version,dict"`
	Producer                   string    `parquet:"producer,dict"`
	Name                       string    `parquet:"name,dict"`
	Description                string    `parquet:"description,dict"`
	Status                     string    `parquet:"status,dict"`
	SizeBytes                  int64     `parquet:"size_bytes"`
	GraphCount                 int64     `parquet:"graph_count"`
	NodeCount                  int64     `parquet:"node_count"`
	TensorCount                int64     `parquet:"tensor_count"`
	ParamCount                 *int64    `parquet:"param_count,optional"`
	WeightBytes                *int64    `parquet:"weight_bytes,optional"`
	MACs                       *int64    `parquet:"macs,optional"`
	FLOPs                      *int64    `parquet:"flops,optional"`
	Ops                        *int64    `parquet:"ops,optional"`
	UnknownCostNodes           int64     `parquet:"unknown_cost_nodes"`
	PeakActivationBytes        *int64    `parquet:"peak_activation_bytes,optional"`
	Binding                    string    `parquet:"binding,dict"`
	AssumedMACs                *int64    `parquet:"assumed_macs,optional"`
	AssumedFLOPs               *int64    `parquet:"assumed_flops,optional"`
	AssumedPeakActivationBytes *int64    `parquet:"assumed_peak_activation_bytes,optional"`
	AssumedBinding             string    `parquet:"assumed_binding,dict"`
	WeightDType                string    `parquet:"weight_dtype,dict"`
	ActivationDType            string    `parquet:"activation_dtype,dict"`
	Quantisation               string    `parquet:"quantisation,dict"`
	InputNames                 []string  `parquet:"input_names,list" parquet-element:",dict"`
	InputShapes                [][]int64 `parquet:"input_shapes,list" parquet-element:",list,optional"`
	OutputNames                []string  `parquet:"output_names,list" parquet-element:",dict"`
	OutputShapes               [][]int64 `parquet:"output_shapes,list" parquet-element:",list,optional"`
	GraphHash                  string    `parquet:"graph_hash,dict"`
	WeightsHash                *string   `parquet:"weights_hash,dict,optional"`
	Task                       *string   `parquet:"task,dict,optional"`
	Modality                   *string   `parquet:"modality,dict,optional"`
	Architecture               *string   `parquet:"architecture,dict,optional"`
	OpaqueKinds                []string  `parquet:"opaque_kinds,list" parquet-element:",dict"`
	OpaqueBytes                int64     `parquet:"opaque_bytes"`
	Parts                      []string  `parquet:"parts,list" parquet-element:",dict"`
	Metadata                   []string  `parquet:"metadata,list"`
	Notes                      []string  `parquet:"notes,list"`
}

// Layer is a row of the layers table: one node of one graph. Key: model_id,
// graph_index, node_index. Shapes hold -1 for dimensions that are not fixed by
// the file; the costs are at the model's recorded binding.
type Layer struct {
	ModelID      string    `parquet:"model_id,dict"`
	GraphIndex   int32     `parquet:"graph_index"`
	NodeIndex    int32     `parquet:"node_index"`
	Name         string    `parquet:"name"`
	Op           string    `parquet:"op,dict"`
	SourceOp     string    `parquet:"source_op,dict"`
	Fused        string    `parquet:"fused,dict"`
	InputShapes  [][]int64 `parquet:"input_shapes,list" parquet-element:",list,optional"`
	OutputShapes [][]int64 `parquet:"output_shapes,list" parquet-element:",list,optional"`
	InputDTypes  []string  `parquet:"input_dtypes,list" parquet-element:",dict"`
	OutputDTypes []string  `parquet:"output_dtypes,list" parquet-element:",dict"`
	MACs         *int64    `parquet:"macs,optional"`
	FLOPs        *int64    `parquet:"flops,optional"`
	Ops          *int64    `parquet:"ops,optional"`
	ParamCount   int64     `parquet:"param_count"`
	WeightBytes  int64     `parquet:"weight_bytes"`
	ReadBytes    *int64    `parquet:"read_bytes,optional"`
	WriteBytes   *int64    `parquet:"write_bytes,optional"`
	CostKnown    bool      `parquet:"cost_known"`
	CostReason   string    `parquet:"cost_reason,dict"`
}

// Tensor is a row of the tensors table. Key: model_id, graph_index,
// tensor_index. Statistics are null for tensors without stored values.
type Tensor struct {
	ModelID          string   `parquet:"model_id,dict"`
	GraphIndex       int32    `parquet:"graph_index"`
	TensorIndex      int32    `parquet:"tensor_index"`
	Name             string   `parquet:"name"`
	Role             string   `parquet:"role,dict"`
	DType            string   `parquet:"dtype,dict"`
	Shape            []int64  `parquet:"shape,list,optional"`
	SHA256           *string  `parquet:"sha256,dict,optional"`
	ElementCount     *int64   `parquet:"element_count,optional"`
	ByteCount        *int64   `parquet:"byte_count,optional"`
	ZeroFraction     *float64 `parquet:"zero_fraction,optional"`
	NearZeroFraction *float64 `parquet:"near_zero_fraction,optional"`
	DistinctValues   *int64   `parquet:"distinct_values,optional"`
	Min              *float64 `parquet:"min,optional"`
	Max              *float64 `parquet:"max,optional"`
	Mean             *float64 `parquet:"mean,optional"`
	StdDev           *float64 `parquet:"std_dev,optional"`
	Quantisation     string   `parquet:"quantisation,dict"`
	Sparsity         string   `parquet:"sparsity,dict"`
}

// Row is any table's row type.
type Row interface {
	App | File | Model | Layer | Tensor | Evidence | Relation | Measurement | Prediction
}
