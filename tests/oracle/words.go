package main

import (
	"encoding/json"
	"fmt"
	"sort"

	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

type wordRequest struct {
	Word       string            `json:"word"`
	Env        map[string]string `json:"env"`
	Escape     string            `json:"escape"`      // default: backslash
	SkipQuotes bool              `json:"skip_quotes"` // as in the body of a heredoc of COPY or ADD
}

type wordAnswer struct {
	Result    *string  `json:"result"` // ProcessWord
	Words     []string `json:"words"`  // ProcessWords
	Unmatched []string `json:"unmatched"`
	Error     *string  `json:"error"`
}

func expand(line []byte) (answer wordAnswer) {
	fail := func(message string) { answer = wordAnswer{Words: []string{}, Unmatched: []string{}, Error: &message} }
	defer func() {
		if caught := recover(); caught != nil {
			fail(fmt.Sprint("panic: ", caught))
		}
	}()
	request := wordRequest{Escape: `\`}
	if err := json.Unmarshal(line, &request); err != nil {
		fail("bad request: " + err.Error())
		return answer
	}
	if request.Escape != `\` && request.Escape != "`" {
		fail("bad request: escape")
		return answer
	}
	env := []string{}
	for key, value := range request.Env {
		env = append(env, key+"="+value)
	}
	sort.Strings(env)
	lexer := shell.NewLex(rune(request.Escape[0]))
	lexer.SkipProcessQuotes = request.SkipQuotes
	result, unmatched, err := lexer.ProcessWord(request.Word, shell.EnvsFromSlice(env))
	if err != nil {
		fail(err.Error())
		return answer
	}
	words, err := lexer.ProcessWords(request.Word, shell.EnvsFromSlice(env))
	if err != nil {
		fail(err.Error())
		return answer
	}
	answer = wordAnswer{Result: &result, Words: list(words), Unmatched: []string{}}
	for name := range unmatched {
		answer.Unmatched = append(answer.Unmatched, name)
	}
	sort.Strings(answer.Unmatched)
	return answer
}
