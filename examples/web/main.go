// Command web serves a folder of files, and its own version.
package main

import (
	"flag"
	"fmt"
	"log"
	"net/http"
)

var version = "unknown"

func main() {
	static := flag.String("static", "static", "folder to serve")
	flag.Parse()
	http.Handle("/", http.FileServer(http.Dir(*static)))
	http.HandleFunc("/version", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, version) })
	log.Fatal(http.ListenAndServe(":8080", nil))
}
