package hub

// Row is one recorded latency, or a question when LatencyMS is not positive.
type Row struct {
	Device    string // device label
	SoCGroup  string // SoC, siblings under one name
	Model     string
	Family    string // model family; "" when not known
	Runtime   string // tflite, qnn_dlc, onnx
	Precision string // float, w8a8, w8a16
	Run       string // rows of one run were taken together
	Spec      Spec
	Net       *Work // work of the network; nil when its graph is not known
	LatencyMS float64
}

// Prediction is a latency in milliseconds with a 90 % interval.
type Prediction struct{ LatencyMS, Lo, Hi float64 }

// workload is the key of a table row.
type workload struct{ model, runtime, precision string }

func (r *Row) workload() workload { return workload{r.Model, r.Runtime, r.Precision} }
