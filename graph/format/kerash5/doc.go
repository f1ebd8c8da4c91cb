// Package kerash5 reads Keras models: HDF5 files of Keras 1 to 3 (.h5, .hdf5)
// and the zip archives of Keras 3 (.keras).
//
// # Recognised by
//
// HDF5 by its signature, and then the attribute model_config, or groups of
// weights with weight_names, on the root; any other HDF5 file is no model. A
// .keras file is a zip whose first entries are metadata.json, config.json and
// model.weights.h5.
//
// # Read
//
// The layer list of Functional and Sequential models with connections, the
// weights by layer, shapes of inputs. Nested models are graphs of their own,
// called by one node. Wrappers (Bidirectional, TimeDistributed) count what they
// wrap where one operator can say it. Files with weights alone give tensors
// without operators, and say so.
//
// # Not read
//
// Values in compressed chunks; the code of Lambda and custom layers (they keep
// their word and have unknown cost); second and further calls of a shared layer
// are named in a note.
//
// Facts: Keras' saved files and layer configurations (keras.io documentation);
// HDF5 as in graph/format/internal/hdf5.
package kerash5
