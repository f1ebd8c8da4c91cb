package org.tensorflow.lite.task;

import org.tensorflow.lite.Interpreter;

/** Code of the library itself: not a call of the app. */
public class Inner {
    void own(Interpreter.Options o) { o.setNumThreads(11); }
}
