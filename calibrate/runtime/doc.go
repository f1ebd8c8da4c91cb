// Package runtime is the contract between gaugeNN and the inference runtimes that it times: what is asked for (Options), what comes
// back (Result) and how a command-line benchmark of a runtime is started and read (Tool). Each runtime is a folder below this one;
// none of them knows a device, a cable or another runtime.
package runtime
