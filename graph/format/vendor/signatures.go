package vendor

import "github.com/gaugenn/gaugenn/graph/format"

// at is a signature at an offset.
func at(offset int64, marks ...string) []format.Signature {
	var out []format.Signature
	for _, m := range marks {
		out = append(out, format.Signature{Bytes: []byte(m), Offset: offset})
	}
	return out
}

// rows are the formats. The letter behind a row is its source (see doc.go).
var rows = []row{
	{ // N
		name: "nbg", title: "VeriSilicon network binary (NBG: Amlogic, NXP, Rockchip, Synaptics)", extensions: []string{"nb", "nbg", "export.data"},
		magic: "\"VPMN\", version, network name, a table of layers that fits the file", container: "own tables",
		marks: at(0, "VPMN"), sure: format.Likely, check: checkNBG,
	},
	{ // N
		name: "enn", title: "Samsung ENN (NNC)", extensions: []string{"nnc"},
		magic: "\"ENNC\" at offset 4 of a FlatBuffer, or \"NNC3\"", container: "FlatBuffers or own",
		marks: append(at(4, "ENNC"), at(0, "NNC3")...), sure: format.Likely, check: checkENN,
	},
	{ // H
		name: "hailo", title: "Hailo executable (HEF)", extensions: []string{"hef"},
		magic: "01 48 45 46, version, sizes that add up to the file", container: "own header, protobuf, code",
		marks: at(0, "\x01HEF"), sure: format.Certain, check: checkHEF, head: headHEF, inside: true,
	},
	{ // N
		name: "tensorrt", title: "NVIDIA TensorRT engine", extensions: []string{"engine", "plan", "trt"},
		magic: "\"ptrt\" or \"ftrt\" and a size that fits the file", container: "own",
		marks: at(0, "ptrt", "ftrt"), sure: format.Certain, check: checkTensorRT, head: headTensorRT, inside: true,
	},
	{ // S
		name: "bmodel", title: "Sophgo BModel", extensions: []string{"bmodel"},
		magic: "EE AA 55 FF, sizes of header, description and binary that fit the file", container: "own header, FlatBuffers",
		marks: at(0, "\xEE\xAA\x55\xFF"), sure: format.Certain, check: checkBModel, head: headBModel, inside: true,
	},
	{ // N
		name: "cvimodel", title: "Sophgo CviModel", extensions: []string{"cvimodel"},
		magic: "\"CviModel\" and a binary header", container: "own header, FlatBuffers",
		marks: at(0, "CviModel"), sure: format.Likely, check: checkBinary(8, 64),
	},
	{ // N
		name: "cambricon", title: "Cambricon offline model", extensions: []string{"cambricon"},
		magic: "7F 4D 45 46 or \"cambricon_offline\"", container: "own",
		marks: at(0, "\x7FMEF", "cambricon_offline"), sure: format.Likely, check: checkBinary(17, 256),
	},
	{ // N
		name: "sensetime", title: "SenseTime model", extensions: []string{"model", "bin"},
		magic: "\"STEF\" and a binary body", container: "own",
		marks: at(0, "STEF"), sure: format.Likely, check: checkBinary(4, 256),
	},
	{ // N
		name: "vnn", title: "VNN model", extensions: []string{"vnnmodel"},
		magic: "2F 4E 00 00, a small u32, a body of mostly non-zero bytes", container: "own",
		marks: at(0, "\x2F\x4E\x00\x00"), sure: format.Weak, check: checkVNN,
	},
	{ // N
		name: "imgdnn", title: "Imagination IMGDNN", extensions: []string{"dnn"},
		magic: "\"IMGDNN\" and a binary body", container: "own",
		marks: at(0, "IMGDNN"), sure: format.Likely, check: checkBinary(6, 64),
	},
	{ // N
		name: "kmodel", title: "Kendryte kmodel", extensions: []string{"kmodel"},
		magic: "\"LDMK\" and a version of 4 to 7", container: "own",
		marks: at(0, "LDMK\x04\x00\x00\x00", "LDMK\x05\x00\x00\x00", "LDMK\x06\x00\x00\x00", "LDMK\x07\x00\x00\x00"), sure: format.Likely, check: checkKModel,
	},
	{ // N
		name: "espdl", title: "Espressif ESP-DL", extensions: []string{"espdl"},
		magic: "\"EDL2\" and a FlatBuffer at 16", container: "own header, FlatBuffers",
		marks: at(0, "EDL2"), sure: format.Likely, check: checkFlatBuffer(16),
	},
	{ // N
		name: "kann", title: "Kalray KaNN", extensions: []string{"kann", "kgraph"},
		magic: "\"KaNN\" at offset 4 of a FlatBuffer", container: "FlatBuffers",
		marks: at(4, "KaNN"), sure: format.Likely, check: checkFlatBuffer(0),
	},
	{ // N
		name: "optimium", title: "Optimium model", extensions: []string{"optimium"},
		magic: "\"EZMODEL\" and a binary body", container: "own",
		marks: at(0, "EZMODEL"), sure: format.Likely, check: checkBinary(7, 64),
	},
	{ // N
		name: "halcon", title: "HALCON deep learning model", extensions: []string{"hdl"},
		magic: "\"HDLMODEL\" and a binary body", container: "own",
		marks: at(0, "HDLMODEL"), sure: format.Likely, check: checkBinary(8, 64),
	},
	{ // Qualcomm's QnnModel.hpp: the functions that qnn-net-run looks up
		name: "qnn-library", title: "Qualcomm QNN model library", extensions: []string{"so"},
		magic: "ELF that exports QnnModel_composeGraphs", container: "ELF",
		marks: at(0, "\x7FELF"), sure: format.Likely, check: checkLibrary("QAIRT", "QnnModel_composeGraphs", "QnnModel_composeGraphsFromDlc"), head: names("QnnModel_composeGraphs"),
	},
	{ // apache/tvm: codegen of a module library
		name: "tvm-library", title: "Apache TVM compiled module", extensions: []string{"so"},
		magic: "ELF that exports __tvm_main__, __tvm_dev_mblob or __tvm_ffi__library_bin", container: "ELF",
		marks: at(0, "\x7FELF"), sure: format.Likely, check: checkLibrary("TVM", "__tvm_main__", "__tvm_dev_mblob", "__tvm_ffi__library_bin", "__tvm_ffi_main"), head: names("__tvm_"),
	},
	{ // facebookincubator/AITemplate model_container.h
		name: "aitemplate", title: "AITemplate compiled module", extensions: []string{"so"},
		magic: "ELF that exports AITemplateModelContainerCreate", container: "ELF",
		marks: at(0, "\x7FELF"), sure: format.Likely, check: checkLibrary("AITemplate", "AITemplateModelContainerCreate"), head: names("AITemplateModelContainerCreate"),
	},
}
