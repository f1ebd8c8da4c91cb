package main

// netronKind is one line of the list of loaders that Netron registers in its
// view.js, and which formats of ours read the same files.
type netronKind struct {
	title string
	ours  []string
	why   string
}

const (
	classic  = "no neural network: classic machine learning"
	training = "a training framework's own file; apps ship a converted one"
	chips    = "microcontrollers and cards without Android"
)

// netronList is facts about Netron 9.3.3, in the order of its list.
var netronList = []netronKind{
	{"PyTorch (TorchScript, state dicts, mobile)", []string{"pytorch", "pytorch-lite"}, "export archives (.pt2) are not read"},
	{"ONNX, ORT", []string{"onnx", "ort"}, "text forms are not read"},
	{"LiteRT-LM", []string{"litertlm"}, ""},
	{"TensorFlow Lite", []string{"tflite"}, ""},
	{"MXNet", []string{"mxnet"}, "control flow is not read"},
	{"Core ML", []string{"coreml"}, "blocks of compiled programs are not read"},
	{"Caffe", []string{"caffe"}, "V0 layers are not read"},
	{"Caffe2", []string{"caffe2"}, "text is not read"},
	{"Torch 7", nil, "not seen in apps since 2017"},
	{"TensorFlow, TensorFlow.js graph models", []string{"tensorflow"}, "memory-mapped graphs are not read"},
	{"TensorRT", []string{"tensorrt"}, "opaque, as there"},
	{"Keras, TensorFlow.js layers models", []string{"keras"}, ""},
	{"safetensors", []string{"safetensors"}, "tensors, as there"},
	{"NumPy arrays", nil, "arrays without a network"},
	{"Lasagne", nil, training},
	{"LightGBM", nil, classic},
	{"scikit-learn", nil, classic},
	{"MegEngine", nil, "vendor SDKs ship it encrypted; unencrypted files were not seen"},
	{"pickle", nil, "read as part of PyTorch files; others are data"},
	{"CNTK", nil, training},
	{"UFF", nil, "an intermediate file of TensorRT"},
	{"PaddlePaddle, Paddle Lite", []string{"paddle", "paddlelite"}, "control-flow bodies of JSON programs are not read"},
	{"BigDL", nil, training},
	{"Darknet", []string{"darknet"}, ""},
	{"MediaPipe graphs", []string{"mediapipe"}, "binary graphs as well"},
	{"ExecuTorch", []string{"executorch"}, "delegates are named by kind"},
	{"RKNN, OpenVX NBG", []string{"rknn", "nbg"}, "MACs of version 2; older ones and NBG are opaque"},
	{"DLC (SNPE, QAIRT)", []string{"dlc"}, "version 2 is not read, as there"},
	{"Arm NN", nil, "no identifier that could be checked without the extension"},
	{"MNN", []string{"mnn"}, ""},
	{"ncnn", []string{"ncnn"}, ""},
	{"TNN", []string{"tnn"}, ""},
	{"Tengine", []string{"tengine"}, ""},
	{"MindSpore Lite", []string{"mslite"}, "MSL0 and MSL1 are not read"},
	{"MindIR", []string{"mindir"}, ""},
	{"Unity Barracuda", []string{"barracuda"}, "layers without attributes; `sentis`, which followed it, as well"},
	{"Circle", []string{"circle"}, ""},
	{"SnapML (.dnn)", nil, "shipped inside Snap's lenses, not in apps"},
	{"Vitis AI (.xmodel)", nil, chips},
	{"Kendryte kmodel", []string{"kmodel"}, "recognised from version 4 on, opaque"},
	{"Flux", nil, training},
	{"Deeplearning4j", nil, "ZIP of JSON and arrays; not seen in apps of the corpus"},
	{"OpenVINO", []string{"openvino"}, ""},
	{"ML.NET", nil, classic},
	{"Acuity", nil, "the converter's own file; the phone gets an NBG"},
	{"IMGDNN", []string{"imgdnn"}, "opaque, as there"},
	{"Flax", nil, training},
	{"Huawei OM", []string{"om"}, "MACs of convolutions; compiled tasks are opaque"},
	{"GGUF, GGML", []string{"gguf", "ggml"}, "operators of transformers and Whisper, which Netron does not show"},
	{"NNabla", nil, training},
	{"hickle", nil, "arrays without a network"},
	{"NNEF", []string{"nnef"}, ""},
	{"oneDNN graphs", nil, "a debugging dump"},
	{"Espresso (compiled Core ML)", []string{"coreml"}, ""},
	{"MLIR", nil, "compiler text and bytecode"},
	{"SentencePiece", nil, "a tokenizer"},
	{"Hailo", []string{"hailo"}, "the executable (.hef), opaque; Netron views the compiler's archive"},
	{"TVM", []string{"tvm-library"}, "compiled libraries, opaque; graph.json is not read"},
	{"DOT", nil, "a drawing"},
	{"JAX export", nil, training},
	{"CatBoost", nil, classic},
	{"Weka", nil, classic},
	{"QNN", []string{"qnn", "qnn-library"}, "context binaries are dated, with inputs and outputs; the converter's JSON is not read"},
	{"ESP-DL", []string{"espdl"}, "recognised, opaque"},
	{"KaNN", []string{"kann"}, "recognised, opaque"},
	{"XGBoost", nil, classic},
	{"TOSA", nil, "a compiler's intermediate form"},
	{"transformers' configuration", nil, "a description without a network"},
	{"Cambricon, VNN, NNC (named, not viewed)", []string{"cambricon", "vnn", "enn"}, "opaque, as there"},
}
