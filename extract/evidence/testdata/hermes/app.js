const url = "https://api.openai.com/v1/chat/completions";
const prefix = "completions-of-something";
function load(name) { return fetch("https://example.org/models/net.gguf?download=1").then(r => r.json()); }
var t = "naïve café über";
print(url, prefix, load("face_detection.tflite"), t, "Zürich — 東京");
