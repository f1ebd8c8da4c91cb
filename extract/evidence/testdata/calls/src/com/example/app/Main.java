package com.example.app;

import ai.onnxruntime.OrtSession;
import com.google.ai.edge.litert.Accelerator;
import org.tensorflow.lite.Interpreter;
import org.tensorflow.lite.gpu.GpuDelegate;

/** What an app may do with its options; each method is one case. */
public class Main {
    int count;
    static int threads = 6;

    void plain(Interpreter.Options o) { o.setNumThreads(4); }

    void chained() { new Interpreter.Options().setNumThreads(2).setUseNNAPI(true); }

    void onEveryPath(Interpreter.Options o, boolean b) {
        int n = 3;
        if (b) { count++; }
        while (count > 0) { count--; }
        o.setNumThreads(n);
    }

    void onOnePath(OrtSession.SessionOptions o, boolean b) {
        int n = b ? 1 : 2;
        o.setIntraOpNumThreads(n);
    }

    void given(OrtSession.SessionOptions o, int n) { o.setInterOpNumThreads(n); }

    void caught(OrtSession.SessionOptions o, String text) {
        int n = 8;
        try {
            n = Integer.parseInt(text);
        } catch (NumberFormatException e) {
            n = 9;
        }
        o.setInterOpNumThreads(n);
    }

    void inCases(OrtSession.SessionOptions o, int kind) {
        switch (kind) {
        case 0: o.setIntraOpNumThreads(5); break;
        case 1: o.setIntraOpNumThreads(7); break;
        case 900000: o.setIntraOpNumThreads(1000); break;
        }
    }

    void delegate(Interpreter.Options o) { o.addDelegate(new GpuDelegate()); }

    Accelerator accelerator() { return Accelerator.NPU; }

    String host() { return "https://api.openai.com/v1/chat"; }

    String model() { return "https://example.org/models/face.tflite"; }

    String missing() { return "elsewhere/net.onnx"; }
}
