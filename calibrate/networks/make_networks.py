#!/usr/bin/env python3
"""make_networks.py FOLDER - networks for a calibration, made by the real converter.

Architectures that Keras defines (keras.applications) and short ones written out
here, with random weights, converted by TensorFlow's converter to float32 and to
full-integer int8. Latency does not depend on the values of weights, so these stand
for the trained networks of the same shape; nothing else about them is real.
A file's name starts with its family: mobilenet_v2_100_224_i8.tflite is of
"mobilenet". Files that are there are left. Needs: tensorflow-cpu, tf-keras.
"""
import os
import sys

os.environ.update(TF_USE_LEGACY_KERAS="1", TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="")
import numpy as np
import tensorflow as tf

K, L, A = tf.keras, tf.keras.layers, tf.keras.applications


def conv(x, c, k=3, s=1, act="relu", norm=True):
    x = L.Conv2D(c, k, s, "same", use_bias=not norm)(x)
    x = L.BatchNormalization()(x) if norm else x
    return L.Activation(act)(x) if act else x


def depthwise(x, c, s=1, k=3, act="relu"):
    x = L.Activation(act)(L.BatchNormalization()(L.DepthwiseConv2D(k, s, "same", use_bias=False)(x)))
    return conv(x, c, 1, 1, act)


def model(shape, body):
    i = K.Input(shape, batch_size=1)
    return K.Model(i, body(i))


def yamnet(x):  # MobileNetV1 on a spectrogram
    x = conv(x, 32, 3, 2)
    for c, s in [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)] + [(512, 1)] * 5 + [(1024, 2), (1024, 1)]:
        x = depthwise(x, c, s)
    return L.Dense(521, "sigmoid")(L.GlobalAveragePooling2D()(x))


def dscnn(x):  # keyword spotting, 49 frames of 10 coefficients
    x = conv(x, 64, (10, 4), (2, 2))
    for _ in range(4):
        x = depthwise(x, 64)
    return L.Dense(12, "softmax")(L.GlobalAveragePooling2D()(x))


def unet(x, width=16):
    skip = []
    for d in range(4):
        x = conv(conv(x, width << d), width << d)
        skip.append(x)
        x = L.MaxPool2D()(x)
    x = conv(conv(x, width << 4), width << 4)
    for d in reversed(range(4)):
        x = L.Conv2DTranspose(width << d, 2, 2, "same")(x)
        x = conv(conv(L.Concatenate()([x, skip[d]]), width << d), width << d)
    return L.Conv2D(2, 1)(x)


def squeezenet(x):
    def fire(x, s, e):
        x = conv(x, s, 1, norm=False)
        return L.Concatenate()([conv(x, e, 1, norm=False), conv(x, e, 3, norm=False)])
    x = L.MaxPool2D(3, 2)(conv(x, 64, 3, 2, norm=False))
    x = L.MaxPool2D(3, 2)(fire(fire(x, 16, 64), 16, 64))
    x = L.MaxPool2D(3, 2)(fire(fire(x, 32, 128), 32, 128))
    x = fire(fire(fire(fire(x, 48, 192), 48, 192), 64, 256), 64, 256)
    return L.Softmax()(L.GlobalAveragePooling2D()(conv(x, 1000, 1, norm=False)))


def shufflenet(x):
    def shuffle(x):
        _, h, w, c = x.shape
        x = L.Reshape((h, w, 2, c // 2))(x)
        return L.Reshape((h, w, c))(L.Permute((1, 2, 4, 3))(x))

    def branch(x, c, s):
        x = conv(x, c, 1)
        return conv(L.BatchNormalization()(L.DepthwiseConv2D(3, s, "same", use_bias=False)(x)), c, 1)
    x = L.MaxPool2D(3, 2, "same")(conv(x, 24, 3, 2))
    for c, n in [(116, 4), (232, 8), (464, 4)]:
        left = conv(L.BatchNormalization()(L.DepthwiseConv2D(3, 2, "same", use_bias=False)(x)), c // 2, 1)
        x = shuffle(L.Concatenate()([left, branch(x, c // 2, 2)]))
        for _ in range(n - 1):
            a, b = L.Lambda(lambda t: tf.split(t, 2, -1))(x)
            x = shuffle(L.Concatenate()([a, branch(b, c // 2, 1)]))
    return L.Dense(1000)(L.GlobalAveragePooling2D()(conv(x, 1024, 1)))


def tcn(x):  # dilated one-dimensional convolutions over audio features
    for i in range(8):
        y = L.Conv1D(96, 3, dilation_rate=2 ** (i % 4), padding="causal", activation="relu")(x)
        y = L.Conv1D(96, 1)(y)
        x = L.Add()([x, y]) if x.shape[-1] == 96 else y
    return L.Dense(30)(x)


def espcn(x):  # super-resolution
    x = L.Conv2D(64, 5, padding="same", activation="tanh")(x)
    x = L.Conv2D(32, 3, padding="same", activation="tanh")(x)
    x = L.Conv2D(27, 3, padding="same")(x)
    return L.Lambda(lambda t: tf.nn.depth_to_space(t, 3))(x)


def autoencoder(x):
    for c in [128, 128, 128, 8, 128, 128, 128]:
        x = L.Dense(c, "relu")(x)
    return L.Dense(640)(x)


def attention_block(x, heads, mlp, act="gelu"):
    d = x.shape[-1]
    y = L.LayerNormalization()(x)
    q, k, v = (L.Permute((2, 1, 3))(L.Reshape((-1, heads, d // heads))(L.Dense(d)(y))) for _ in range(3))
    w = L.Softmax()(L.Lambda(lambda t: tf.matmul(t[0], t[1], transpose_b=True) * (d // heads) ** -.5)([q, k]))
    y = L.Reshape((-1, d))(L.Permute((2, 1, 3))(L.Lambda(lambda t: tf.matmul(t[0], t[1]))([w, v])))
    x = L.Add()([x, L.Dense(d)(y)])
    y = L.Dense(d)(L.Activation(act)(L.Dense(mlp)(L.LayerNormalization()(x))))
    return L.Add()([x, y])


def bert(x, layers=2, d=128, heads=2):
    x = L.Dense(d)(x)
    for _ in range(layers):
        x = attention_block(x, heads, 4 * d)
    return L.Dense(2)(x)


def vit(x):
    x = L.Reshape((-1, 192))(L.Conv2D(192, 16, 16)(x))
    for _ in range(4):
        x = attention_block(x, 3, 768)
    return L.Dense(1000)(L.GlobalAveragePooling1D()(x))


def mixer(x):
    x = L.Reshape((196, 128))(L.Conv2D(128, 16, 16)(x))
    for _ in range(4):
        y = L.Permute((2, 1))(L.LayerNormalization()(x))
        y = L.Dense(196)(L.Activation("relu")(L.Dense(64)(y)))
        x = L.Add()([x, L.Permute((2, 1))(y)])
        y = L.Dense(128)(L.Activation("relu")(L.Dense(512)(L.LayerNormalization()(x))))
        x = L.Add()([x, y])
    return L.Dense(1000)(L.GlobalAveragePooling1D()(x))


def ssd(x):  # detection heads on MobileNetV2: of that family
    base = A.MobileNetV2(input_tensor=x, weights=None, include_top=False, alpha=.5)
    feats = [base.get_layer("block_13_expand_relu").output, base.output]
    for c in (256, 128):
        feats.append(depthwise(conv(feats[-1], c // 2, 1), c, 2))
    boxes, scores = [], []
    for f in feats:
        boxes.append(L.Reshape((-1, 4))(L.Conv2D(24, 3, padding="same")(f)))
        scores.append(L.Reshape((-1, 21))(L.Conv2D(126, 3, padding="same")(f)))
    return [L.Concatenate(1)(boxes), L.Activation("sigmoid")(L.Concatenate(1)(scores))]


def yolo(x):  # a tiny one-stage detector
    for i, c in enumerate([16, 32, 64, 128, 256]):
        x = L.MaxPool2D()(conv(x, c, act=tf.nn.leaky_relu))
    x = conv(conv(x, 512, act=tf.nn.leaky_relu), 256, 1, act=tf.nn.leaky_relu)
    up = L.UpSampling2D(2, interpolation="bilinear")(conv(x, 128, 1, act=tf.nn.leaky_relu))
    return [L.Conv2D(75, 1)(conv(x, 512, act=tf.nn.leaky_relu)), L.Conv2D(75, 1)(conv(up, 256, act=tf.nn.leaky_relu))]


def ghostnet(x):
    def ghost(x, c, act="relu"):
        y = conv(x, c // 2, 1, act=act)
        z = L.BatchNormalization()(L.DepthwiseConv2D(3, 1, "same", use_bias=False)(y))
        return L.Concatenate()([y, L.Activation(act)(z) if act else z])
    x = conv(x, 16, 3, 2)
    for e, c, s in [(16, 16, 1), (48, 24, 2), (72, 24, 1), (72, 40, 2), (120, 40, 1), (240, 80, 2), (200, 80, 1), (184, 80, 1), (480, 112, 1), (672, 160, 2), (960, 160, 1)]:
        y = ghost(x, e)
        if s > 1:
            y = L.BatchNormalization()(L.DepthwiseConv2D(3, s, "same", use_bias=False)(y))
        y = ghost(y, c, None)
        x = L.Add()([x, y]) if s == 1 and x.shape[-1] == c else y
    return L.Dense(1000)(L.GlobalAveragePooling2D()(conv(x, 960, 1)))


def fpn(x):  # segmentation with pooled context and resizing
    c2 = depthwise(conv(x, 16, 3, 2), 32, 2)
    c3 = depthwise(depthwise(c2, 64, 2), 64)
    c4 = depthwise(depthwise(c3, 128, 2, 5), 128, 1, 5)
    p = conv(c4, 64, 1)
    for c in (c3, c2):
        p = L.Add()([L.UpSampling2D(2, interpolation="bilinear")(p), conv(c, 64, 1)])
        p = conv(p, 64)
    return L.UpSampling2D(4, interpolation="bilinear")(L.Conv2D(19, 1)(p))


def pool_net(x):  # attention by pooling, hard swish, squeeze and excite
    x = conv(x, 32, 7, 4, act=tf.nn.swish)
    for c in (32, 64, 160):
        x = conv(x, c, 3, 2, act=tf.nn.swish)
        for _ in range(3):
            x = L.Add()([x, L.AveragePooling2D(3, 1, "same")(x)])
            s = L.Dense(c, "sigmoid")(L.Dense(c // 4, "relu")(L.GlobalAveragePooling2D(keepdims=True)(x)))
            x = L.Multiply()([x, s])
            x = L.Add()([x, conv(conv(x, 4 * c, 1, act=tf.nn.swish), c, 1, act=None)])
    return L.Dense(1000)(L.GlobalAveragePooling2D()(x))


def app(name, size, **kw):
    return lambda: getattr(A, name)(input_tensor=K.Input((size, size, 3), batch_size=1), weights=None, **kw)


MAKERS = {
    "mobilenet_v1_100_224": app("MobileNet", 224), "mobilenet_v1_025_128": app("MobileNet", 128, alpha=.25),
    "mobilenet_v2_100_224": app("MobileNetV2", 224), "mobilenet_v2_035_96": app("MobileNetV2", 96, alpha=.35),
    "mobilenet_v3_small_224": app("MobileNetV3Small", 224), "mobilenet_v3_large_224": app("MobileNetV3Large", 224),
    "mobilenet_ssd_v2_050_256": lambda: model((256, 256, 3), ssd),
    "efficientnet_b0_224": app("EfficientNetB0", 224), "efficientnet_v2b0_192": app("EfficientNetV2B0", 192),
    "resnet_50_160": app("ResNet50", 160), "resnet_50v2_128": app("ResNet50V2", 128), "densenet_121_160": app("DenseNet121", 160),
    "nasnet_mobile_224": app("NASNetMobile", 224), "inception_v3_192": app("InceptionV3", 192), "xception_160": app("Xception", 160),
    "vgg_16_128": app("VGG16", 128, include_top=False), "convnext_tiny_128": app("ConvNeXtTiny", 128),
    "regnet_x002_224": app("RegNetX002", 224), "regnet_y002_224": app("RegNetY002", 224),
    "yamnet": lambda: model((96, 64, 1), yamnet), "dscnn": lambda: model((49, 10, 1), dscnn),
    "unet_16_128": lambda: model((128, 128, 3), unet), "squeezenet_11_224": lambda: model((224, 224, 3), squeezenet),
    "shufflenet_v2_224": lambda: model((224, 224, 3), shufflenet), "tcn_96": lambda: model((200, 40), tcn),
    "espcn_96": lambda: model((96, 96, 3), espcn), "autoencoder_640": lambda: model((640,), autoencoder),
    "bert_tiny_128": lambda: model((128, 128), bert), "bert_mini_64": lambda: model((64, 256), lambda x: bert(x, 4, 256, 4)),
    "vit_tiny_224": lambda: model((224, 224, 3), vit), "mixer_196": lambda: model((224, 224, 3), mixer),
    "yolo_tiny_256": lambda: model((256, 256, 3), yolo), "ghostnet_192": lambda: model((192, 192, 3), ghostnet),
    "fpn_256": lambda: model((256, 256, 3), fpn), "poolformer_192": lambda: model((192, 192, 3), pool_net),
    "lstm_text": lambda: model((32, 64), lambda x: L.Dense(10)(L.LSTM(128, unroll=True)(x))),
    "gru_text": lambda: model((32, 64), lambda x: L.Dense(10)(L.GRU(128, unroll=True)(x))),
}


def convert(net, int8):
    f = tf.function(lambda *a: net(list(a) if len(a) > 1 else a[0], training=False))
    shapes = [(1,) + tuple(d for d in i.shape[1:]) for i in net.inputs]
    c = tf.lite.TFLiteConverter.from_concrete_functions([f.get_concrete_function(*[tf.TensorSpec(s, tf.float32) for s in shapes])])
    if int8:
        rng = np.random.default_rng(1)
        c.optimizations = [tf.lite.Optimize.DEFAULT]
        c.representative_dataset = lambda: ([rng.random(s, np.float32) for s in shapes] for _ in range(2))
        c.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        c.inference_input_type = c.inference_output_type = tf.int8
    return c.convert()


def main():
    out = sys.argv[1]
    wanted = sys.argv[2:] or list(MAKERS)
    os.makedirs(out, exist_ok=True)
    for name in wanted:
        net = None
        for kind in ("f32", "i8"):
            path = os.path.join(out, f"{name}_{kind}.tflite")
            if os.path.exists(path):
                continue
            try:
                if net is None:
                    K.backend.clear_session()
                    tf.random.set_seed(1)
                    net = MAKERS[name]()
                b = convert(net, kind == "i8")
            except Exception as e:  # a converter's refusal is a line, not the end
                print(f"{name}_{kind}: {type(e).__name__}: {str(e)[:200]}", flush=True)
                continue
            with open(path + ".part", "wb") as f:
                f.write(b)
            os.replace(path + ".part", path)
            print(f"{path}: {len(b)} bytes", flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: make_networks.py FOLDER [NAME...]")
    main()
