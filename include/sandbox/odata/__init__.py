"""The parts of OData that both emulated systems speak: keys, filters and batches."""
