// Command openvex reads a document of OpenVEX from standard input by the library of the format, and judges each statement.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/openvex/go-vex/pkg/vex"
)

func main() {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		fail(err)
	}
	document, err := vex.Parse(text)
	if err != nil {
		fail(err)
	}
	for _, statement := range document.Statements {
		if err := statement.Validate(); err != nil {
			fail(err)
		}
	}
	fmt.Println(len(document.Statements))
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
