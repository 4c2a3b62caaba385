package main

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/packroom/packroom/"

// importRule says what a package may import from this module, and what it must
// not reach at all, also not through others.
type importRule struct {
	may   []string // packages of this module; a final /... takes those below too
	never []string // prefixes of import paths
}

var (
	natsLibrary     = "github.com/nats-io/"
	postgresLibrary = "github.com/jackc/pgx"
	notTheBus       = []string{natsLibrary, postgresLibrary, "github.com/pressly/goose"}
)

// importRules is the table of the design, by folder; the longest prefix counts.
// Standard library only is marked by stdOnly.
var importRules = map[string]importRule{
	"room":              {},
	"models":            {},
	"room/bus":          {may: []string{"room"}, never: []string{postgresLibrary}},
	"room/bus/bustest":  {may: []string{"room", "room/bus", "room/porttest"}, never: []string{postgresLibrary}},
	"room/porttest":     {},
	"room/postgres":     {may: []string{"room", "room/postgres/..."}, never: []string{natsLibrary}},
	"room/sim":          {may: []string{"room", "room/sim/..."}, never: notTheBus},
	"access":            {may: []string{"room"}, never: notTheBus},
	"access/accesstest": {may: []string{"access", "room"}, never: notTheBus},
	"access/driver":     {may: []string{"access/...", "room", "models"}, never: notTheBus},
	"vision":            {may: []string{"room", "models", "vision/webrtc"}, never: notTheBus},
	"vision/webrtc":     {never: notTheBus},
	"vision/opencv":     {may: []string{"vision", "room", "models"}, never: notTheBus},
	"ocr":               {may: []string{"room", "models"}, never: notTheBus},
	"ocr/imaging":       {may: []string{"ocr", "room", "models"}, never: notTheBus},
	"ocr/paddle":        {may: []string{"ocr", "room", "models"}, never: notTheBus},
	"ocr/tesseract":     {may: []string{"ocr", "room", "models"}, never: notTheBus},
	"ocr/zxing":         {may: []string{"ocr", "room", "models"}, never: notTheBus},
	"notify":            {may: []string{"room"}, never: notTheBus},
	"web":               {may: []string{"room"}, never: notTheBus},
	"cmd":               {may: []string{"access/...", "models/...", "notify/...", "ocr/...", "room/...", "vision/...", "web/..."}},
}

// stdOnly are the packages that use the standard library and nothing else.
var stdOnly = []string{"room", "models", "room/porttest"}

// cgoLeaves are the only packages with C in them, so that everything else builds
// with CGO_ENABLED=0.
var cgoLeaves = []string{"vision/opencv", "ocr/imaging", "ocr/paddle", "ocr/tesseract", "ocr/zxing"}

// cgoLibraries are those whose Go packages need C.
var cgoLibraries = []string{"gocv.io/", "github.com/otiai10/gosseract", "github.com/yalue/onnxruntime_go"}

// webrtcLibraries are pion's, whose major versions change often: what is written
// against them is in one package.
var webrtcLibraries = []string{"github.com/pion/webrtc/", "github.com/pion/ice/", "github.com/pion/dtls/", "github.com/pion/interceptor", "github.com/pion/rtcp"}

// pkg is what go list tells of a package.
type pkg struct {
	ImportPath, Dir string
	Standard        bool
	Imports, Deps   []string
	CgoFiles        []string
	GoFiles         []string
}

func (p pkg) folder() string { return strings.TrimPrefix(p.ImportPath, module) }

// listPackages is go list: those of this module, and all that they reach.
func listPackages(t *testing.T) (own []pkg, all map[string]pkg) {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Dir,Standard,Imports,Deps,CgoFiles,GoFiles", "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	all = map[string]pkg{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p pkg
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all[p.ImportPath] = p
		if strings.HasPrefix(p.ImportPath, module) {
			own = append(own, p)
		}
	}
	if len(own) < 10 {
		t.Fatalf("go list found %d packages only", len(own))
	}
	return own, all
}

// ruleFor is the rule of the folder, or of the nearest one above.
func ruleFor(folder string) (importRule, bool) {
	for at := folder; at != "."; at = path.Dir(at) {
		if r, ok := importRules[at]; ok {
			return r, true
		}
	}
	return importRule{}, false
}

func allowed(may []string, folder string) bool {
	return slices.ContainsFunc(may, func(m string) bool {
		tree, below := strings.CutSuffix(m, "/...")
		return folder == tree || below && strings.HasPrefix(folder, tree+"/")
	})
}

func hasAnyPrefix(s string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) })
}

func TestImportsFollowTheDesign(t *testing.T) {
	own, all := listPackages(t)
	for _, p := range own {
		rule, ok := ruleFor(p.folder())
		if !ok {
			t.Errorf("%s: no rule in importRules: where does it belong?", p.folder())
			continue
		}
		for _, imp := range p.Imports {
			folder, isOwn := strings.CutPrefix(imp, module)
			switch {
			case isOwn && !allowed(rule.may, folder):
				t.Errorf("%s imports %s; it may import %v", p.folder(), folder, rule.may)
			case isOwn && strings.HasPrefix(folder, "cmd/"):
				t.Errorf("%s imports %s: nobody imports cmd", p.folder(), folder)
			case slices.Contains(stdOnly, p.folder()) && !all[imp].Standard:
				t.Errorf("%s imports %s; it may use the standard library only", p.folder(), imp)
			}
		}
		for _, dep := range p.Deps {
			if hasAnyPrefix(dep, rule.never) {
				t.Errorf("%s reaches %s, which it must never", p.folder(), dep)
			}
		}
	}
}

func TestOnePackageKnowsTheWebRTCLibrary(t *testing.T) {
	own, _ := listPackages(t)
	for _, p := range own {
		for _, imp := range p.Imports {
			if hasAnyPrefix(imp, webrtcLibraries) && p.folder() != "vision/webrtc" {
				t.Errorf("%s imports %s: vision/webrtc alone may", p.folder(), imp)
			}
		}
	}
}

// TestHelpersOfTestsAreInNoProgram keeps bustest, porttest and their like to
// tests, and to each other.
func TestHelpersOfTestsAreInNoProgram(t *testing.T) {
	own, _ := listPackages(t)
	isHelper := func(folder string) bool { return strings.HasSuffix(folder, "test") }
	for _, p := range own {
		for _, dep := range p.Deps {
			if folder, isOwn := strings.CutPrefix(dep, module); isOwn && isHelper(folder) && !isHelper(p.folder()) {
				t.Errorf("%s reaches %s, which is for tests", p.folder(), folder)
			}
		}
	}
}

func TestCgoIsInTheLeavesOnly(t *testing.T) {
	own, _ := listPackages(t)
	for _, p := range own {
		leaf := slices.Contains(cgoLeaves, p.folder())
		if len(p.CgoFiles) > 0 && !leaf {
			t.Errorf("%s has C in %v; only %v may", p.folder(), p.CgoFiles, cgoLeaves)
		}
		if leaf || strings.HasPrefix(p.folder(), "cmd/") {
			continue
		}
		for _, dep := range p.Deps {
			if hasAnyPrefix(dep, cgoLibraries) || slices.Contains(cgoLeaves, strings.TrimPrefix(dep, module)) {
				t.Errorf("%s reaches %s and does not build without C", p.folder(), dep)
			}
		}
	}
}

// TestEverythingExportedIsExplained wants a comment on every package, and on
// every exported name that begins with it.
func TestEverythingExportedIsExplained(t *testing.T) {
	own, _ := listPackages(t)
	for _, p := range own {
		explained := false
		for _, name := range append(slices.Clone(p.GoFiles), p.CgoFiles...) {
			file := filepath.Join(p.Dir, name)
			fset := token.NewFileSet()
			f, err := parser.ParseFile(fset, file, nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			if f.Doc.Text() != "" {
				explained = true
			}
			for _, decl := range f.Decls {
				for _, id := range unexplained(decl) {
					t.Errorf("%s: %s has no comment that begins with its name", fset.Position(id.Pos()), id.Name)
				}
			}
		}
		if !explained {
			t.Errorf("package %s has no comment", p.folder())
		}
	}
}

// unexplained are the exported names of a declaration that no comment explains.
// Names of one block of constants or variables may share the block's comment.
func unexplained(decl ast.Decl) []*ast.Ident {
	var bad []*ast.Ident
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && (d.Recv == nil || receiverExported(d.Recv)) && !begins(d.Doc, d.Name.Name) {
			bad = append(bad, d.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				single := len(d.Specs) == 1
				if s.Name.IsExported() && !begins(s.Doc, s.Name.Name) && !(single && begins(d.Doc, s.Name.Name)) {
					bad = append(bad, s.Name)
				}
			case *ast.ValueSpec:
				for _, id := range s.Names {
					if id.IsExported() && s.Doc.Text() == "" && s.Comment.Text() == "" && d.Doc.Text() == "" {
						bad = append(bad, id)
					}
				}
			}
		}
	}
	return bad
}

func receiverExported(recv *ast.FieldList) bool {
	typ := recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if index, ok := typ.(*ast.IndexExpr); ok {
		typ = index.X
	}
	id, ok := typ.(*ast.Ident)
	return ok && id.IsExported()
}

func begins(doc *ast.CommentGroup, name string) bool {
	text := doc.Text()
	for _, article := range []string{"A ", "An ", "The "} {
		text = strings.TrimPrefix(text, article)
	}
	return strings.HasPrefix(text, name)
}

// TestFilesAreShort keeps a file to one idea.
func TestFilesAreShort(t *testing.T) {
	const most = 600
	err := filepath.WalkDir("../..", func(file string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && slices.Contains([]string{"node_modules", "dist", "var", ".git"}, e.Name()) {
			return filepath.SkipDir
		}
		if !slices.Contains([]string{".go", ".ts", ".tsx"}, filepath.Ext(file)) {
			return nil
		}
		if n := lineCount(t, file); n > most {
			t.Errorf("%s has %d lines; %d at most", file, n, most)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func lineCount(t *testing.T, file string) int {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Count(b, []byte("\n"))
}
