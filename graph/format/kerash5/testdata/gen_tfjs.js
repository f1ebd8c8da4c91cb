// Writes the TensorFlow.js fixture of graph/format/kerash5 (npm install
// @tensorflow/tfjs): a layers model as model.save() hands it to its storage,
// its weights in two shards.
const fs = require('fs');
const path = require('path');
const tf = require('@tensorflow/tfjs');

async function main() {
  const x = tf.input({shape: [12, 12, 3], name: 'image'});
  const init = {kernelInitializer: tf.initializers.randomUniform({minval: -0.1, maxval: 0.1, seed: 3})};
  let y = tf.layers.conv2d({filters: 4, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu', name: 'conv', ...init}).apply(x);
  y = tf.layers.depthwiseConv2d({kernelSize: 3, padding: 'same', name: 'depthwise', depthwiseInitializer: tf.initializers.ones()}).apply(y);
  y = tf.layers.batchNormalization({name: 'norm'}).apply(y);
  y = tf.layers.globalAveragePooling2d({name: 'pool'}).apply(y);
  y = tf.layers.dense({units: 5, activation: 'softmax', name: 'dense', ...init}).apply(y);
  const model = tf.model({inputs: x, outputs: y, name: 'tiny'});
  await model.save(tf.io.withSaveHandler(async (a) => {
    const data = Buffer.from(tf.io.CompositeArrayBuffer ? tf.io.CompositeArrayBuffer.join(a.weightData) : a.weightData);
    const cut = 500;
    const dir = __dirname;
    fs.writeFileSync(path.join(dir, 'group1-shard1of2.bin'), data.subarray(0, cut));
    fs.writeFileSync(path.join(dir, 'group1-shard2of2.bin'), data.subarray(cut));
    const json = {
      format: a.format, generatedBy: a.generatedBy, convertedBy: null, modelTopology: a.modelTopology,
      weightsManifest: [{paths: ['group1-shard1of2.bin', 'group1-shard2of2.bin'], weights: a.weightSpecs}],
    };
    fs.writeFileSync(path.join(dir, 'layers.json'), JSON.stringify(json));
    return {modelArtifactsInfo: {dateSaved: new Date(), modelTopologyType: 'JSON'}};
  }));
}

main();
