package ai.onnxruntime;

public class OrtSession {
    public static class SessionOptions {
        public void setIntraOpNumThreads(int n) {}
        public void setInterOpNumThreads(int n) {}
    }
}
