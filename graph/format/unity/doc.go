// Package unity reads the models of Unity's own inference engines: Barracuda
// (.nn), and what followed it as Sentis, now Inference Engine (.sentis). Apps
// hold them as byte arrays in Unity's files of assets, one object for a
// Barracuda model, one for a Sentis description and more for its weights.
//
// # Recognised by
//
// Neither has a signature. Barracuda: a version of 16 to 20 as u64, then inputs
// whose names and shapes hold together. Sentis: a size, a FlatBuffer of that size
// whose root has a small version and an execution plan.
//
// # Read
//
// Inputs, outputs, layers with their names, kinds and connections, constants with
// shapes and values. Weights of a Sentis description in an object of their own are
// found by their size among objects of the same name.
//
// # Not read
//
// Attributes, so that layers have no canonical operator and no cost; Sentis of
// before 1.4, which serialised .NET objects.
//
// Facts: Unity-Technologies/barracuda-release ModelLoader.cs and Model.cs,
// lutzroeder/netron barracuda.js; com.unity.sentis and com.unity.ai.inference
// program.fbs, ModelWriter.cs, ModelLoader.cs. No writer runs without Unity's
// editor: the fixtures are assembled from these by testdata/gen.py.
package unity
