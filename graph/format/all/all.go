// Package all lists every model format that gaugeNN reads, in match order:
// formats with an unmistakable magic first. It is the only place where they
// are registered: a new format is one folder and one line here.
package all

import (
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/caffe"
	"github.com/gaugenn/gaugenn/graph/format/caffe2"
	"github.com/gaugenn/gaugenn/graph/format/circle"
	"github.com/gaugenn/gaugenn/graph/format/coreml"
	"github.com/gaugenn/gaugenn/graph/format/darknet"
	"github.com/gaugenn/gaugenn/graph/format/dlc"
	"github.com/gaugenn/gaugenn/graph/format/executorch"
	"github.com/gaugenn/gaugenn/graph/format/gguf"
	"github.com/gaugenn/gaugenn/graph/format/kerash5"
	"github.com/gaugenn/gaugenn/graph/format/litertlm"
	"github.com/gaugenn/gaugenn/graph/format/mace"
	"github.com/gaugenn/gaugenn/graph/format/mediapipe"
	"github.com/gaugenn/gaugenn/graph/format/mindir"
	"github.com/gaugenn/gaugenn/graph/format/mnn"
	"github.com/gaugenn/gaugenn/graph/format/mslite"
	"github.com/gaugenn/gaugenn/graph/format/mxnet"
	"github.com/gaugenn/gaugenn/graph/format/ncnn"
	"github.com/gaugenn/gaugenn/graph/format/nnef"
	"github.com/gaugenn/gaugenn/graph/format/om"
	"github.com/gaugenn/gaugenn/graph/format/onnx"
	"github.com/gaugenn/gaugenn/graph/format/openvino"
	"github.com/gaugenn/gaugenn/graph/format/ort"
	"github.com/gaugenn/gaugenn/graph/format/paddle"
	"github.com/gaugenn/gaugenn/graph/format/paddlelite"
	"github.com/gaugenn/gaugenn/graph/format/ptl"
	"github.com/gaugenn/gaugenn/graph/format/qnn"
	"github.com/gaugenn/gaugenn/graph/format/rknn"
	"github.com/gaugenn/gaugenn/graph/format/safetensors"
	"github.com/gaugenn/gaugenn/graph/format/tengine"
	"github.com/gaugenn/gaugenn/graph/format/tensorflow"
	"github.com/gaugenn/gaugenn/graph/format/tflite"
	"github.com/gaugenn/gaugenn/graph/format/tnn"
	"github.com/gaugenn/gaugenn/graph/format/torch"
	"github.com/gaugenn/gaugenn/graph/format/unity"
	"github.com/gaugenn/gaugenn/graph/format/vendor"
)

// Formats returns the formats in match order. The slice is the caller's.
func Formats() []format.Format {
	return append([]format.Format{
		tflite.Format,
		ort.Format,
		executorch.Format,
		litertlm.Format,
		circle.Format,
		ptl.Format,
		mslite.Format,
		paddlelite.Format,
		dlc.Format,
		ncnn.Format,
		mindir.Format,
		onnx.Format,
		tensorflow.Format,
		paddle.Format,
		caffe2.Format,
		mace.Format,
		mediapipe.Format,
		coreml.Format,
		caffe.Format,
		darknet.Format,
		openvino.Format,
		mnn.Format,
		mxnet.Format,
		tnn.Format,
		tengine.Format,
		kerash5.Format,
		torch.Format,
		safetensors.Format,
		gguf.Format,
		gguf.Old,
		nnef.Format,
		qnn.Format,
		rknn.Format,
		om.Format,
		unity.Barracuda,
		unity.Sentis,
	}, vendor.Formats()...)
}
