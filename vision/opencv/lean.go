package opencv

// gocv binds all of OpenCV in one package: its windows, its cameras and video
// files, its picture files. Debian builds these on Qt, GStreamer, FFmpeg and
// GDAL, which makes 190 shared libraries that each process of packroom would
// load: a quarter of a second and 60 MB every time. packroom shows no windows and
// takes video from cameras by itself, so lean.cpp defines those functions, and
// the linker then leaves the libraries out; calling one ends the process with a
// word. The picture files (JPEG, PNG) are used, here and in ocr: their library is
// loaded at the first call.

/*
#cgo pkg-config: opencv4
#cgo CXXFLAGS: -std=c++17 -O2
*/
import "C"
