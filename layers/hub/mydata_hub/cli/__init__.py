"""The command line: mydata ..."""
