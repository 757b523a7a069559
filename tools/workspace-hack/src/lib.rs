//! Nothing lives here, because the manifest alone is of use. It asks for the features that the whole workspace needs.
