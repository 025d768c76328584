// Checks a log with golang.org/x/mod/sumdb, which this project did not write: the signed note and
// its cosignature, every proof, and the tree itself, read from the log's tiles.
//
//	verify FOLDER < question.json > answer.json
package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type inclusion struct {
	Index int64    `json:"index"`
	Size  int64    `json:"size"`
	Root  []byte   `json:"root"`
	Entry []byte   `json:"entry"`
	Proof [][]byte `json:"proof"`
}

type consistency struct {
	OldSize int64    `json:"old_size"`
	OldRoot []byte   `json:"old_root"`
	Size    int64    `json:"size"`
	Root    []byte   `json:"root"`
	Proof   [][]byte `json:"proof"`
}

type question struct {
	Key         string        `json:"key"`
	Witness     string        `json:"witness"`
	Notes       []string      `json:"notes"`
	Inclusion   []inclusion   `json:"inclusion"`
	Consistency []consistency `json:"consistency"`
	Tiles       []int64       `json:"tiles"`
}

type answer struct {
	Notes       []string `json:"notes"`
	Inclusion   []string `json:"inclusion"`
	Consistency []string `json:"consistency"`
	Tiles       []string `json:"tiles"`
}

func main() {
	var asked question
	must(json.NewDecoder(os.Stdin).Decode(&asked))
	key, err := note.NewVerifier(asked.Key)
	must(err)
	witness, err := newCosigner(asked.Witness)
	must(err)
	var said answer
	for _, text := range asked.Notes {
		said.Notes = append(said.Notes, openNote(text, key, witness))
	}
	for _, one := range asked.Inclusion {
		err := tlog.CheckRecord(hashes(one.Proof), one.Size, hash(one.Root), one.Index, tlog.RecordHash(one.Entry))
		said.Inclusion = append(said.Inclusion, verdict(err))
	}
	for _, one := range asked.Consistency {
		err := tlog.CheckTree(hashes(one.Proof), one.Size, hash(one.Root), one.OldSize, hash(one.OldRoot))
		said.Consistency = append(said.Consistency, verdict(err))
	}
	if len(asked.Notes) > 0 {
		size, root, err := tree(asked.Notes[0])
		must(err)
		reader := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, tiles(os.Args[1]))
		for _, older := range asked.Tiles {
			got, err := tlog.TreeHash(older, reader)
			if err != nil {
				said.Tiles = append(said.Tiles, "error: "+err.Error())
			} else {
				said.Tiles = append(said.Tiles, got.String())
			}
		}
	}
	must(json.NewEncoder(os.Stdout).Encode(said))
}

// openNote gives the size and the names of whoever signed, or what is wrong.
func openNote(text string, verifiers ...note.Verifier) string {
	opened, err := note.Open([]byte(text), note.VerifierList(verifiers...))
	if err != nil {
		return "error: " + err.Error()
	}
	size, _, err := tree(opened.Text)
	if err != nil {
		return "error: " + err.Error()
	}
	names := []string{strconv.FormatInt(size, 10)}
	for _, signature := range opened.Sigs {
		names = append(names, signature.Name)
	}
	return strings.Join(names, " ")
}

func tree(text string) (int64, tlog.Hash, error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 3 {
		return 0, tlog.Hash{}, errors.New("not a checkpoint")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return 0, tlog.Hash{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return size, root, err
}

// cosigner verifies cosignature/v1 (c2sp.org/tlog-cosignature), which the library does not know.
type cosigner struct {
	name   string
	id     uint32
	public ed25519.PublicKey
}

func newCosigner(vkey string) (*cosigner, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("not a verifier key")
	}
	material, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(material) != 33 || material[0] != 4 {
		return nil, errors.New("not the key of a cosigner")
	}
	digest := sha256.Sum256(append([]byte(parts[0]+"\n"), material...))
	id := binary.BigEndian.Uint32(digest[:4])
	if fmt.Sprintf("%08x", id) != parts[1] {
		return nil, errors.New("the key's id is not its own")
	}
	return &cosigner{parts[0], id, material[1:]}, nil
}

func (c *cosigner) Name() string    { return c.name }
func (c *cosigner) KeyHash() uint32 { return c.id }
func (c *cosigner) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	at := binary.BigEndian.Uint64(signature)
	message := append([]byte(fmt.Sprintf("cosignature/v1\ntime %d\n", at)), text...)
	return ed25519.Verify(c.public, message, signature[8:])
}

// tiles reads a folder in the layout of c2sp.org/tlog-tiles, whose tiles are eight levels high.
type tiles string

func (folder tiles) Height() int { return 8 }
func (folder tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range wanted {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		content, err := os.ReadFile(filepath.Join(string(folder), path))
		if err != nil {
			return nil, err
		}
		found = append(found, content)
	}
	return found, nil
}
func (folder tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func hash(content []byte) (found tlog.Hash) {
	copy(found[:], content)
	return found
}

func hashes(contents [][]byte) (found []tlog.Hash) {
	for _, content := range contents {
		found = append(found, hash(content))
	}
	return found
}

func verdict(err error) string {
	if err != nil {
		return "error: " + err.Error()
	}
	return "ok"
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
