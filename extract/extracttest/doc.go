// Package extracttest makes labelled apps for tests: small manifests, resource
// tables, dex files and native libraries from scratch, and packages with models
// planted in every place where apps hide them, so that what a scan finds can be
// counted.
//
// Everything it writes is made here; nothing is copied from real apps.
package extracttest
