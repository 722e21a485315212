package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"regexp"
	"sort"
	"strings"

	"sigs.k8s.io/yaml"
)

const (
	shown        = "‹redacted›"
	maxCauseText = 1_000
)

// errorWithout replaces what stands between two of the given quotes: libraries quote offending values there.
func errorWithout(text, quote string) error {
	parts := strings.Split(text, quote)
	for i := 1; i < len(parts); i += 2 {
		parts[i] = shown
	}
	return errors.New(strings.Join(parts, quote))
}

var userInfo = regexp.MustCompile(`://[^/@\s'"]*@`)

// withoutSecrets removes from a failure what its text might quote of the render's inputs: data of Secrets, literals of secret
// generators, values under telling keys, credentials in URLs. It runs on the failing path only.
func withoutSecrets(f *failure, inputs map[string]*blob, more ...[]byte) *failure {
	secrets := map[string]bool{}
	for _, b := range inputs {
		if mayHoldSecrets(b.data) {
			collectSecrets(b.data, secrets)
		}
	}
	for _, data := range more {
		collectSecrets(data, secrets)
	}
	words := make([]string, 0, len(secrets))
	for s := range secrets {
		words = append(words, s)
	}
	// Longest first, so that a secret inside another leaves nothing of the longer one.
	sort.Slice(words, func(i, j int) bool { return len(words[i]) > len(words[j]) })
	mask := func(text string) string {
		for _, s := range words {
			text = strings.ReplaceAll(text, s, shown)
		}
		return userInfo.ReplaceAllString(text, "://"+shown+"@")
	}
	f.Message = cut(mask(f.Message))
	f.Cause = cut(mask(withoutBlocks(f.Cause)))
	return f
}

func cut(text string) string {
	if len(text) > maxCauseText {
		return strings.ToValidUTF8(text[:maxCauseText], "") + "…"
	}
	return text
}

var quotedBlock = regexp.MustCompile("(?s)`[^`]*\n[^`]*`|\\[[^\\]]*\n[^\\]]*\\]")

// withoutBlocks drops quoted text of several lines: whole documents that kustomize puts into its messages.
func withoutBlocks(text string) string { return quotedBlock.ReplaceAllString(text, "[…]") }

var telling = regexp.MustCompile(`(?i)secret|password|passwd|token|apikey|api_key|credential|private`)

// pointing keys name a secret instead of holding it.
var pointing = regexp.MustCompile(`(?i)(name|ref|path|file)$`)

func mayHoldSecrets(data []byte) bool { return telling.Match(data) }

func holdsSecret(key string) bool { return telling.MatchString(key) && !pointing.MatchString(key) }

func collectSecrets(data []byte, into map[string]bool) {
	for _, doc := range splitYAML(data) {
		raw, err := yaml.YAMLToJSON(doc.text)
		if err != nil {
			continue
		}
		var value any
		if json.Unmarshal(raw, &value) == nil {
			collectValue(value, false, into)
		}
	}
}

func collectValue(value any, secret bool, into map[string]bool) {
	switch v := value.(type) {
	case string:
		if !secret || len(v) < 4 {
			return
		}
		for _, line := range strings.Split(v, "\n") {
			if line = strings.TrimSpace(line); len(line) >= 4 {
				into[line] = true
			}
		}
		if _, after, ok := strings.Cut(v, "="); ok && len(after) >= 4 {
			into[after] = true
		}
		if plain, err := base64.StdEncoding.DecodeString(v); err == nil && len(plain) >= 4 {
			into[string(plain)] = true
		}
	case []any:
		for _, item := range v {
			collectValue(item, secret, into)
		}
	case map[string]any:
		whole := secret || v["kind"] == "Secret"
		for key, item := range v {
			plain := key == "kind" || key == "apiVersion" || key == "metadata" || key == "type"
			collectValue(item, whole && !plain || key == "secretGenerator" || holdsSecret(key), into)
		}
	}
}
