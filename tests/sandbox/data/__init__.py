"""The data plane: log events through filter and stream into S3, and Athena's SQL over them."""
