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
	AppSHA256       string   `parquet:"app_sha256,dict"`                               // SHA-256 of the file, 64 hex characters
	Path            string   `parquet:"path"`                                          // path as given, relative to the scanned root
	Container       string   `parquet:"container,dict"`                                // apk, aar, aab, apks, zip, wheel, tar, ...; file for a loose file
	PackageName     *string  `parquet:"package_name,dict,optional"`                    // from the binary manifest; null if there is none
	VersionCode     *int64   `parquet:"version_code,optional"`                         // from the manifest
	VersionName     *string  `parquet:"version_name,dict,optional"`                    // from the manifest
	Label           *string  `parquet:"label,dict,optional"`                           // the app's name for users, from manifest and resources
	SizeBytes       int64    `parquet:"size_bytes"`                                    // size of the file
	MinSDK          *int64   `parquet:"min_sdk,optional"`                              // from the manifest
	TargetSDK       *int64   `parquet:"target_sdk,optional"`                           // from the manifest
	ABIs            []string `parquet:"abis,list" parquet-element:",dict"`             // ABIs with native libraries, such as arm64-v8a
	Permissions     []string `parquet:"permissions,list" parquet-element:",dict"`      // uses-permission of the manifest
	Features        []string `parquet:"features,list" parquet-element:",dict"`         // uses-feature of the manifest
	NativeLibraries []string `parquet:"native_libraries,list" parquet-element:",dict"` // uses-native-library of the manifest
	MetaData        []string `parquet:"meta_data,list" parquet-element:",dict"`        // meta-data of the manifest, name=value
	Layouts         []string `parquet:"layouts,list" parquet-element:",dict"`          // frameworks the app is built with by its files: flutter, unity, react native, cordova, ...
	Signers         []string `parquet:"signers,list" parquet-element:",dict"`          // SHA-256 of signing certificates with their scheme, such as v2:...; not verified
	Problems        []string `parquet:"problems,list" parquet-element:",dict"`         // what of manifest, code and libraries could not be read
	EntryCount      *int64   `parquet:"entry_count,optional"`                          // entries of the container, null for a loose file
	CandidateCount  int64    `parquet:"candidate_count"`                               // rows of this app in the files table
	ModelCount      int64    `parquet:"model_count"`                                   // of these, models (parsed, partial or opaque)
	Snapshot        *string  `parquet:"snapshot,dict,optional"`                        // label of the crawl, from --snapshot
	Category        *string  `parquet:"category,dict,optional"`                        // store category, if the caller gives one
	Status          string   `parquet:"status,dict"`                                   // parsed, or how reading the container ended
	Reason          string   `parquet:"reason,dict"`                                   // why, when the status is not parsed; also what was repaired
}

// File is a row of the files table: one candidate file and how it ended.
// Key: app_sha256, path. Nested paths are joined by "!/".
type File struct {
	AppSHA256       string   `parquet:"app_sha256,dict"`           // the app or loose file it was found in
	Path            string   `parquet:"path"`                      // path in the app, nested archives joined by !/
	SHA256          *string  `parquet:"sha256,dict,optional"`      // SHA-256 of the content (of the model alone when embedded); null if it could not be read
	SizeBytes       *int64   `parquet:"size_bytes,optional"`       // expanded size, null if unknown
	CompressedBytes *int64   `parquet:"compressed_bytes,optional"` // size as stored in the archive
	Extension       string   `parquet:"extension,dict"`            // last name part, lower case: a hint, never the verdict
	Format          *string  `parquet:"format,dict,optional"`      // format by content, null if none
	Status          string   `parquet:"status,dict"`               // parsed, partial, opaque, part_of, not_a_model, encrypted, truncated, unsupported, malformed or limit
	Reason          string   `parquet:"reason,dict"`               // why
	ModelID         *string  `parquet:"model_id,dict,optional"`    // key of the models table, null unless the file is a model or a part of one
	OffsetBytes     *int64   `parquet:"offset_bytes,optional"`     // where an embedded model starts in the file, null if it is the file
	LengthBytes     *int64   `parquet:"length_bytes,optional"`     // an embedded model's own length
	PartOf          *string  `parquet:"part_of,dict,optional"`     // path of the model this file is a part of
	Owner           *string  `parquet:"owner,dict,optional"`       // whose it is: app, sdk:<name> by path or package, shared for a published model known by its hash; null in loose files and for what is no model
	Entropy         *float64 `parquet:"entropy,optional"`          // Shannon entropy in bits per byte, where it was measured
}

// Model is a row of the models table: one distinct network. Key: model_id,
// the SHA-256 over the model's content (over both parts of a pair).
//
// macs, flops and ops are for one inference of the main graph at the recorded
// binding of free dimensions; null when a node that multiplies, or a loop whose
// body does, has unknown cost or the graph is opaque. Else unknown_cost_nodes > 0
// makes them lower bounds. The assumed_* columns answer for models whose free dimensions the
// file leaves open, at the sizes that assumed_binding states.
type Model struct {
	ModelID                    string    `parquet:"model_id,dict"`                                       // SHA-256 over the model's content (both parts of a pair)
	Format                     string    `parquet:"format,dict"`                                         // format name
	FormatVersion              string    `parquet:"format_version,dict"`                                 // the file's own version words
	Producer                   string    `parquet:"producer,dict"`                                       // converter or framework that wrote it
	Name                       string    `parquet:"name,dict"`                                           // graph name
	Description                string    `parquet:"description,dict"`                                    // free text of the file
	Status                     string    `parquet:"status,dict"`                                         // parsed, partial or opaque
	SizeBytes                  int64     `parquet:"size_bytes"`                                          // bytes of the model, parts included
	GraphCount                 int64     `parquet:"graph_count"`                                         // graphs, control-flow bodies and functions included
	NodeCount                  int64     `parquet:"node_count"`                                          // operators over all graphs
	TensorCount                int64     `parquet:"tensor_count"`                                        // tensors over all graphs
	ParamCount                 *int64    `parquet:"param_count,optional"`                                // elements of stored constants, each buffer once
	WeightBytes                *int64    `parquet:"weight_bytes,optional"`                               // bytes of stored constants, each buffer once
	MACs                       *int64    `parquet:"macs,optional"`                                       // multiply-accumulates of one inference; null if unknown
	FLOPs                      *int64    `parquet:"flops,optional"`                                      // 2*macs + ops
	Ops                        *int64    `parquet:"ops,optional"`                                        // operations that are not multiply-accumulates
	UnknownCostNodes           int64     `parquet:"unknown_cost_nodes"`                                  // nodes without a known cost: above 0 the sums are lower bounds
	PeakActivationBytes        *int64    `parquet:"peak_activation_bytes,optional"`                      // largest sum of live activations over the node order
	Binding                    string    `parquet:"binding,dict"`                                        // values given to free dimensions and why
	AssumedMACs                *int64    `parquet:"assumed_macs,optional"`                               // MACs at assumed_binding, for models whose free dimensions the file leaves open
	AssumedFLOPs               *int64    `parquet:"assumed_flops,optional"`                              // FLOPs at assumed_binding
	AssumedPeakActivationBytes *int64    `parquet:"assumed_peak_activation_bytes,optional"`              // peak activations at assumed_binding
	AssumedBinding             string    `parquet:"assumed_binding,dict"`                                // the assumed sizes; empty if none were needed
	WeightDType                string    `parquet:"weight_dtype,dict"`                                   // dtype that holds most weight bytes
	ActivationDType            string    `parquet:"activation_dtype,dict"`                               // dtype of most activations
	Quantisation               string    `parquet:"quantisation,dict"`                                   // none, float16, dynamic_range, full_integer, weight_only, mixed
	InputNames                 []string  `parquet:"input_names,list" parquet-element:",dict"`            // of the main graph
	InputShapes                [][]int64 `parquet:"input_shapes,list" parquet-element:",list,optional"`  // of the main graph, -1 for free dimensions
	OutputNames                []string  `parquet:"output_names,list" parquet-element:",dict"`           // of the main graph
	OutputShapes               [][]int64 `parquet:"output_shapes,list" parquet-element:",list,optional"` // of the main graph
	GraphHash                  string    `parquet:"graph_hash,dict"`                                     // hash of operators, shapes, dtypes and connections, without names and weights
	WeightsHash                *string   `parquet:"weights_hash,dict,optional"`                          // hash of all stored constants in graph order; null if some are missing
	Task                       *string   `parquet:"task,dict,optional"`                                  // what it is for, null if unknown
	Modality                   *string   `parquet:"modality,dict,optional"`                              // image, audio, text, ...; null if unknown
	Architecture               *string   `parquet:"architecture,dict,optional"`                          // known architecture, null if unknown
	OpaqueKinds                []string  `parquet:"opaque_kinds,list" parquet-element:",dict"`           // compiled pieces whose operators cannot be seen
	OpaqueBytes                int64     `parquet:"opaque_bytes"`                                        // their size
	Parts                      []string  `parquet:"parts,list" parquet-element:",dict"`                  // companion files, with ! in front of missing ones
	Metadata                   []string  `parquet:"metadata,list"`                                       // key=value lines of the file
	Notes                      []string  `parquet:"notes,list"`                                          // what could not be read
}

// Layer is a row of the layers table: one node of one graph. Key: model_id,
// graph_index, node_index. Shapes hold -1 for dimensions that are not fixed by
// the file; the costs are at the model's recorded binding.
type Layer struct {
	ModelID       string    `parquet:"model_id,dict"`                                       // key of the models table
	GraphIndex    int32     `parquet:"graph_index"`                                         // 0 is the main graph
	NodeIndex     int32     `parquet:"node_index"`                                          // position in the graph
	Name          string    `parquet:"name"`                                                // node name
	Op            string    `parquet:"op,dict"`                                             // canonical operator, empty if it has none
	SourceOp      string    `parquet:"source_op,dict"`                                      // the file's own word
	Fused         string    `parquet:"fused,dict"`                                          // activation applied to the result
	InputShapes   [][]int64 `parquet:"input_shapes,list" parquet-element:",list,optional"`  // one per operand at the model's binding, -1 for a dimension that is free or 1 by it, NULL for unknown rank
	OutputShapes  [][]int64 `parquet:"output_shapes,list" parquet-element:",list,optional"` // one per result
	InputDTypes   []string  `parquet:"input_dtypes,list" parquet-element:",dict"`           // one per operand
	OutputDTypes  []string  `parquet:"output_dtypes,list" parquet-element:",dict"`          // one per result
	InputTensors  []int64   `parquet:"input_tensors,list"`                                  // tensor_index of each operand, -1 for one that is left out
	OutputTensors []int64   `parquet:"output_tensors,list"`                                 // tensor_index of each result
	Subgraphs     []int64   `parquet:"subgraphs,list"`                                      // graph_index of the bodies a control-flow node runs
	Attributes    string    `parquet:"attributes,dict"`                                     // typed attributes of the canonical operator as JSON, those that differ from their defaults
	MACs          *int64    `parquet:"macs,optional"`                                       // null if unknown
	FLOPs         *int64    `parquet:"flops,optional"`                                      // 2*macs + ops
	Ops           *int64    `parquet:"ops,optional"`                                        // other operations
	ParamCount    int64     `parquet:"param_count"`                                         // elements of constant operands
	WeightBytes   int64     `parquet:"weight_bytes"`                                        // bytes of constant operands
	ReadBytes     *int64    `parquet:"read_bytes,optional"`                                 // operands, weights included
	WriteBytes    *int64    `parquet:"write_bytes,optional"`                                // results
	CostKnown     bool      `parquet:"cost_known"`                                          // false: the costs are unknown, see cost_reason
	CostReason    string    `parquet:"cost_reason,dict"`                                    // why the cost is unknown
}

// Tensor is a row of the tensors table. Key: model_id, graph_index,
// tensor_index. Statistics are null for tensors without stored values.
type Tensor struct {
	ModelID          string   `parquet:"model_id,dict"`               // key of the models table
	GraphIndex       int32    `parquet:"graph_index"`                 // graph
	TensorIndex      int32    `parquet:"tensor_index"`                // position in the graph
	Name             string   `parquet:"name"`                        // tensor name
	Role             string   `parquet:"role,dict"`                   // input, output, constant, variable or intermediate
	DType            string   `parquet:"dtype,dict"`                  // element type
	Shape            []int64  `parquet:"shape,list,optional"`         // at the model's binding, -1 for a dimension that is free or 1 by it, NULL for unknown rank
	SHA256           *string  `parquet:"sha256,dict,optional"`        // of the packed little-endian payload
	ElementCount     *int64   `parquet:"element_count,optional"`      // null where the shape is not fixed
	ByteCount        *int64   `parquet:"byte_count,optional"`         // bytes of the payload
	ZeroFraction     *float64 `parquet:"zero_fraction,optional"`      // share of elements that are 0
	NearZeroFraction *float64 `parquet:"near_zero_fraction,optional"` // share of elements below the threshold stated in graph/weights
	DistinctValues   *int64   `parquet:"distinct_values,optional"`    // number of different values, null above the counting limit
	Min              *float64 `parquet:"min,optional"`                // smallest value
	Max              *float64 `parquet:"max,optional"`                // largest value
	Mean             *float64 `parquet:"mean,optional"`               // mean
	StdDev           *float64 `parquet:"std_dev,optional"`            // standard deviation
	Quantisation     string   `parquet:"quantisation,dict"`           // scheme, such as affine, per_channel, blockwise
	Sparsity         string   `parquet:"sparsity,dict"`               // sparse layout, empty if dense
}

// Row is any table's row type.
type Row interface {
	App | File | Model | Layer | Tensor | Evidence | Relation | Measurement | Prediction
}
