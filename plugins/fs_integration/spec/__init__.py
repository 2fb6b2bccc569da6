"""What a mapping file may say, and what the two services say about their tables. Plain data; reads files only."""
