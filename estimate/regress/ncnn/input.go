package ncnn

// inputs are the image sizes, channels first, at which the runtime's own benchmark program times networks whose graph file does not
// state one (benchmark/benchncnn.cpp of the ncnn sources).
var inputs = map[string][3]int64{
	"FastestDet": {3, 352, 352}, "blazeface": {3, 128, 128}, "vision_transformer": {3, 384, 384}, "vision_transformer_int8": {3, 384, 384},
	"yolo-fastest-1.1": {3, 320, 320}, "yolo-fastestv2": {3, 352, 352}, "nanodet_m": {3, 320, 320}, "yolov4-tiny": {3, 416, 416},
	"mobilenet_yolo": {3, 416, 416}, "mobilenetv2_yolov3": {3, 352, 352}, "mobilenet_ssd": {3, 300, 300}, "squeezenet_ssd": {3, 300, 300},
	"squeezenet": {3, 227, 227}, "alexnet": {3, 227, 227}, "mnasnet": {3, 224, 224}, "proxylessnasnet": {3, 224, 224},
	"efficientnet_b0": {3, 224, 224}, "efficientnetv2_b0": {3, 224, 224}, "regnety_400m": {3, 224, 224}, "resnet18": {3, 224, 224},
	"resnet50": {3, 224, 224},
}

// BenchmarkInput returns the input [C, H, W] that the runtime's benchmark gives to the network of that name, and false for names
// it does not have. It is for graph files that leave the size open.
func BenchmarkInput(name string) (shape [3]int64, ok bool) {
	shape, ok = inputs[name]
	return shape, ok
}
