"""Networks as ONNX graphs: written from their plain data, extended, made to resize pictures."""
