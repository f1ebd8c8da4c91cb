// Package evidence reads what an app says about how it uses neural networks:
// its manifest, signers, dex code and native libraries, held against rules
// that are data (rules/*.tsv).
//
// # Strength
//
// Every observation has one of four strengths, strongest first:
//
//   - called: code outside the SDK's own packages invokes it, or reads or sets its
//     fields;
//   - referenced: dex code or the manifest names it, from within the SDK or
//     without a call;
//   - linked: a native library of it is shipped, needed or its symbols are
//     imported or exported;
//   - string: only a text such as a host name or URL shape.
//
// A runtime that is only linked may be ballast of another SDK; a class that is
// only referenced may never run. Figures should keep the four apart.
//
// # Rules
//
// Models that are elsewhere are evidence, too: SDKs that download them, web
// addresses that end like a model file, and names of model files in code that the
// app does not hold.
//
// Where code gives a method constants, such as a number of threads, an accelerator
// or a delegate, they are followed through the method's code and noted (Value), with
// the method that does so (Caller): the app's own if any does, else that of another
// library in it. The app's own code has the first two names of its package; code in
// packages such as org.tensorflow.lite.examples is not the SDK's.
//
// A rule has an id, a kind (runtime, delegate, cloud_api, download, sdk), a
// subject, a signal (where to look), a pattern, and either an observed example
// or the word "unverified".
package evidence
