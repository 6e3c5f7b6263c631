// Command oracle prints how BuildKit itself reads Dockerfiles, so that the tests can compare our reader with it.
//
//	oracle FILE...   or   oracle -  < LIST     one JSON object per file, see type report
//	oracle -words    < REQUESTS                one JSON object per word, see type wordRequest
//
// Output must be the same from run to run: structs keep their field order and encoding/json sorts the keys of maps.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime/debug"
	"sort"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

const buildkit = "github.com/moby/buildkit"

// silent is needed although nobody hears it: without a linter, BuildKit panics at a `# check=` above an instruction.
var silent = linter.New(&linter.Config{})

// fields holds what differs from one instruction to the next.
type fields map[string]any

type report struct {
	Path       string     `json:"path"`
	Version    string     `json:"version"`
	Directives directives `json:"directives"`
	Nodes      []node     `json:"nodes"`
	Stages     []stage    `json:"stages"`
	MetaArgs   []pair     `json:"meta_args"`
	Error      *failure   `json:"error"`
}

// directives: escape is the one in force (null if the file could not be parsed), the others are null where absent.
type directives struct {
	Escape *string `json:"escape"`
	Syntax *string `json:"syntax"`
	Check  *string `json:"check"`
}

type node struct {
	Keyword     string    `json:"keyword"`
	Flags       []string  `json:"flags"`
	Args        []string  `json:"args"`
	JSON        bool      `json:"json"`
	StartLine   int       `json:"start_line"`
	EndLine     int       `json:"end_line"`
	Original    string    `json:"original"`
	Heredocs    []heredoc `json:"heredocs"`
	Comments    []string  `json:"comments"`
	Instruction fields    `json:"instruction"`
}

type heredoc struct {
	Name    string `json:"name"`
	Content string `json:"content"`
	Expand  bool   `json:"expand"`
	Chomp   bool   `json:"chomp"`
	FD      uint   `json:"fd"`
}

type stage struct {
	Name      string `json:"name"`
	BaseName  string `json:"base_name"`
	Platform  string `json:"platform"`
	StartLine int    `json:"start_line"`
	Commands  int    `json:"commands"`
}

type pair struct {
	Key   string  `json:"key"`
	Value *string `json:"value"` // null: ARG without a default
}

// failure: the lines are the first and the last of the innermost location, null where BuildKit names none.
type failure struct {
	Message string `json:"message"`
	Line    *int   `json:"line"`
	EndLine *int   `json:"end_line"`
}

// suggestion is cut from messages: BuildKit picks the word from a map, so that it differs from run to run.
var suggestion = regexp.MustCompile(` \(did you mean [^()]*\?\)`)

func message(err error) string {
	return suggestion.ReplaceAllString(err.Error(), "")
}

func main() {
	out := bufio.NewWriterSize(os.Stdout, 1<<16)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false) // "<<EOF" and "&&" stay readable
	err := run(os.Args[1:], os.Stdin, encoder)
	if err = errors.Join(err, out.Flush()); err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, encoder *json.Encoder) error {
	if len(args) == 1 && args[0] == "-words" {
		return eachLine(in, func(line []byte) error { return encoder.Encode(expand(line)) })
	}
	version := moduleVersion()
	if len(args) == 1 && args[0] == "-" {
		return eachLine(in, func(line []byte) error { return encoder.Encode(read(string(line), version)) })
	}
	if len(args) == 0 {
		return errors.New("usage: oracle FILE... | oracle - | oracle -words")
	}
	for _, path := range args {
		if err := encoder.Encode(read(path, version)); err != nil {
			return err
		}
	}
	return nil
}

// eachLine does not use bufio.Scanner: a request may be longer than the longest line that a Scanner takes.
func eachLine(in io.Reader, do func([]byte) error) error {
	reader := bufio.NewReader(in)
	for {
		line, err := reader.ReadBytes('\n')
		if line = bytes.TrimRight(line, "\r\n"); len(line) > 0 {
			if e := do(line); e != nil {
				return e
			}
		}
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func moduleVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dependency := range info.Deps {
			if dependency.Path == buildkit {
				return dependency.Version
			}
		}
	}
	return ""
}

// read never fails: whatever is wrong with one file, a panic included, is told in its report.
func read(path, version string) (result report) {
	result = report{Path: path, Version: version, Nodes: []node{}, Stages: []stage{}, MetaArgs: []pair{}}
	defer func() {
		if caught := recover(); caught != nil {
			result.Error = &failure{Message: fmt.Sprint("panic: ", caught)}
		}
	}()
	text, err := os.ReadFile(path)
	if err != nil {
		result.Error = describe(err)
		return result
	}
	// The two look-ups of the frontend: only "syntax" may also be written after "//" or in JSON.
	if value, _, _, ok := parser.DetectSyntax(text); ok {
		result.Directives.Syntax = &value
	}
	if value, _, _, ok := parser.ParseDirective("check", text); ok {
		result.Directives.Check = &value
	}
	tree, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		result.Error = describe(err)
		return result
	}
	escape := string(tree.EscapeToken)
	result.Directives.Escape = &escape
	for _, child := range tree.AST.Children {
		result.Nodes = append(result.Nodes, convert(child))
	}
	stages, metaArgs, err := instructions.Parse(tree.AST, silent)
	if err != nil {
		result.Error = describe(err) // the nodes stay: each tells its own error
		return result
	}
	for _, s := range stages {
		result.Stages = append(result.Stages, stage{s.Name, s.BaseName, s.Platform, s.Location[0].Start.Line, len(s.Commands)})
	}
	for _, command := range metaArgs {
		for _, arg := range command.Args {
			result.MetaArgs = append(result.MetaArgs, pair{arg.Key, arg.Value})
		}
	}
	return result
}

func describe(err error) *failure {
	result := &failure{Message: message(err)}
	var located *parser.LocationError
	if errors.As(err, &located) && len(located.Locations) > 0 {
		if ranges := located.Locations[0]; len(ranges) > 0 {
			result.Line, result.EndLine = &ranges[0].Start.Line, &ranges[len(ranges)-1].End.Line
		}
	}
	return result
}

func convert(n *parser.Node) node {
	result := node{
		Keyword: strings.ToLower(n.Value), Flags: list(n.Flags), Args: arguments(n), JSON: n.Attributes["json"],
		StartLine: n.StartLine, EndLine: n.EndLine, Original: n.Original,
		Heredocs: []heredoc{}, Comments: list(n.PrevComment), Instruction: check(n),
	}
	for _, h := range n.Heredocs {
		result.Heredocs = append(result.Heredocs, heredoc{h.Name, h.Content, h.Expand, h.Chomp, h.FileDescriptor})
	}
	return result
}

// arguments flattens as BuildKit does: the instruction inside ONBUILD is a child whose words follow its keyword.
func arguments(n *parser.Node) []string {
	result := []string{}
	for next := n.Next; next != nil; next = next.Next {
		if len(next.Children) == 0 {
			result = append(result, next.Value)
		} else {
			result = append(append(result, next.Children[0].Value), arguments(next.Children[0])...)
		}
	}
	return result
}

// check gives the fields of the type-checked instruction. Variables are not expanded here, BuildKit does that later.
func check(n *parser.Node) (result fields) {
	defer func() {
		if caught := recover(); caught != nil {
			result = fields{"error": fmt.Sprint("panic: ", caught)}
		}
	}()
	parsed, err := instructions.ParseInstructionWithLinter(n, silent)
	if err != nil {
		return fields{"error": message(err)}
	}
	result = details(parsed)
	result["error"] = nil
	return result
}

func details(parsed any) fields {
	switch c := parsed.(type) {
	case *instructions.Stage:
		return fields{"name": c.Name, "base_name": c.BaseName, "platform": c.Platform}
	case *instructions.RunCommand:
		return runFields(c)
	case *instructions.CmdCommand:
		return commandLine(c.ShellDependantCmdLine)
	case *instructions.EntrypointCommand:
		return commandLine(c.ShellDependantCmdLine)
	case *instructions.ShellCommand:
		return fields{"shell": list(c.Shell)}
	case *instructions.CopyCommand:
		result := sourcesAndDest(c.SourcesAndDest)
		result["from"], result["parents"] = c.From, c.Parents
		result["chown"], result["chmod"], result["link"], result["exclude"] = c.Chown, c.Chmod, c.Link, list(c.ExcludePatterns)
		return result
	case *instructions.AddCommand:
		result := sourcesAndDest(c.SourcesAndDest)
		result["keep_git_dir"], result["checksum"], result["unpack"] = c.KeepGitDir, c.Checksum, c.Unpack
		result["chown"], result["chmod"], result["link"], result["exclude"] = c.Chown, c.Chmod, c.Link, list(c.ExcludePatterns)
		return result
	case *instructions.EnvCommand:
		return fields{"pairs": pairs(c.Env)}
	case *instructions.LabelCommand:
		return fields{"pairs": pairs(c.Labels)}
	case *instructions.ArgCommand:
		result := []pair{}
		for _, arg := range c.Args {
			result = append(result, pair{arg.Key, arg.Value})
		}
		return fields{"pairs": result}
	case *instructions.HealthCheckCommand:
		h := c.Health // durations in nanoseconds, as in the image config
		return fields{"test": list(h.Test), "interval": h.Interval, "timeout": h.Timeout,
			"start_period": h.StartPeriod, "start_interval": h.StartInterval, "retries": h.Retries}
	case *instructions.ExposeCommand:
		return fields{"ports": list(c.Ports)} // BuildKit sorts them
	case *instructions.VolumeCommand:
		return fields{"volumes": list(c.Volumes)}
	case *instructions.WorkdirCommand:
		return fields{"path": c.Path}
	case *instructions.UserCommand:
		return fields{"user": c.User}
	case *instructions.StopSignalCommand:
		return fields{"signal": c.Signal}
	case *instructions.MaintainerCommand:
		return fields{"maintainer": c.Maintainer}
	case *instructions.OnbuildCommand:
		return fields{"expression": c.Expression}
	}
	return fields{"unknown_type": fmt.Sprintf("%T", parsed)} // a newer BuildKit has an instruction that we do not know
}

func runFields(c *instructions.RunCommand) fields {
	result := commandLine(c.ShellDependantCmdLine)
	result["network"], result["security"] = instructions.GetNetwork(c), instructions.GetSecurity(c)
	used := append([]string{}, c.FlagsUsed...)
	sort.Strings(used) // BuildKit takes them out of a map
	result["flags_used"] = list(used)
	// Mount options are read only on expansion; with words left as they are, `$NAME` in one may be an error here alone.
	mounts := []fields{}
	result["mounts_error"] = nil
	if err := c.Expand(func(word string) (string, error) { return word, nil }); err != nil {
		result["mounts_error"] = message(err)
	} else {
		for _, m := range instructions.GetMounts(c) {
			mounts = append(mounts, fields{"type": m.Type, "from": m.From, "source": m.Source, "target": m.Target,
				"readonly": m.ReadOnly, "size": m.SizeLimit, "id": m.CacheID, "sharing": m.CacheSharing,
				"required": m.Required, "env": m.Env, "mode": m.Mode, "uid": m.UID, "gid": m.GID})
		}
	}
	result["mounts"] = mounts
	return result
}

func commandLine(c instructions.ShellDependantCmdLine) fields {
	return fields{"cmdline": list(c.CmdLine), "prepend_shell": c.PrependShell}
}

func sourcesAndDest(c instructions.SourcesAndDest) fields {
	contents := []fields{}
	for _, content := range c.SourceContents {
		contents = append(contents, fields{"path": content.Path, "data": content.Data, "expand": content.Expand})
	}
	return fields{"sources": list(c.SourcePaths), "dest": c.DestPath, "contents": contents}
}

// pairs: "no_delim" tells the old form `ENV name value`.
func pairs(values instructions.KeyValuePairs) []fields {
	result := []fields{}
	for _, p := range values {
		result = append(result, fields{"key": p.Key, "value": p.Value, "no_delim": p.NoDelim})
	}
	return result
}

// list makes an absent list [] instead of null, so that the reader of our output has one case less.
func list(values []string) []string {
	return append([]string{}, values...)
}
