"""Headrace runs TFX pipelines on one machine. Importing it never imports TensorFlow, TFX or Beam."""
