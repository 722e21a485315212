package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/itchyny/gojq"
)

const (
	queryTimeout    = 2 * time.Second
	maxQueryResults = 10_000
)

// runQuery evaluates a jq expression with no environment, no modules and no input beyond the value.
func runQuery(r *request) (any, error) {
	parsed, err := gojq.Parse(r.Query)
	if err != nil {
		return nil, fail("RENDER_TEMPLATE", "the jq expression is not valid").because(err)
	}
	code, err := gojq.Compile(parsed)
	if err != nil {
		return nil, fail("RENDER_TEMPLATE", "the jq expression is not valid").because(err)
	}
	var value any
	if err := json.Unmarshal(r.Value, &value); err != nil {
		return nil, fail("MANIFEST_INVALID", "the value is not valid JSON")
	}
	ctx, cancel := context.WithTimeout(context.Background(), queryTimeout)
	defer cancel()
	results := []any{}
	for iter := code.RunWithContext(ctx, value); ; {
		v, ok := iter.Next()
		if !ok {
			return map[string]any{"results": results}, nil
		}
		if err, failed := v.(error); failed {
			if halt, ok := err.(*gojq.HaltError); ok && halt.Value() == nil {
				return map[string]any{"results": results}, nil
			}
			return nil, fail("RENDER_TEMPLATE", "the jq expression failed")
		}
		if results = append(results, v); len(results) > maxQueryResults {
			return nil, fail("SOURCE_LIMIT", "the jq expression gives more than %d results", maxQueryResults)
		}
	}
}

// matchVersions picks the highest version that satisfies a constraint; answers the text of the version as it was given.
func matchVersions(r *request) (any, error) {
	constraint, err := semver.NewConstraint(r.Constraint)
	if err != nil {
		return map[string]any{"valid": false}, nil
	}
	var best *semver.Version
	match := ""
	for _, text := range r.Versions {
		v, err := semver.NewVersion(text)
		if err != nil || !constraint.Check(v) {
			continue
		}
		if best == nil || v.GreaterThan(best) {
			best, match = v, text
		}
	}
	return map[string]any{"valid": true, "match": match}, nil
}
