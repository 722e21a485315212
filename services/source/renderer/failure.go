package main

import (
	"errors"
	"fmt"
)

// failure is every way in which a request can end without a result; codes are those of schema/errors.
type failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	// File is a path in the repository, Line is 1-based; empty and 0 when unknown.
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
	// Cause is what the library said, with what looks secret removed and cut to a bound.
	Cause string `json:"cause,omitempty"`
}

func (f *failure) Error() string { return f.Code + ": " + f.Message }

func fail(code, format string, args ...any) *failure {
	return &failure{Code: code, Message: fmt.Sprintf(format, args...)}
}

func (f *failure) at(file string, line int) *failure {
	if f.File == "" {
		f.File, f.Line = file, line
	}
	return f
}

func (f *failure) because(err error) *failure {
	if err != nil {
		f.Cause = err.Error()
	}
	return f
}

// asFailure finds the typed failure inside err, or makes one of the given code out of it.
func asFailure(err error, code, message string) *failure {
	if f, ok := errors.AsType[*failure](err); ok {
		return f
	}
	return fail(code, "%s", message).because(err)
}
