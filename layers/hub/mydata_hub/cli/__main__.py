"""`python -m mydata_hub.cli`: the same as `mydata`, with the interpreter that was asked."""

from mydata_hub.cli.main import main

main()
