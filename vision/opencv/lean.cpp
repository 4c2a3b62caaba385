// What OpenCV's libopencv_highgui, libopencv_videoio and libopencv_imgcodecs
// define and gocv calls. Declared in OpenCV's own headers, so that a signature
// that changes does not compile.
#include <opencv2/highgui.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/videoio.hpp>

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>

namespace {

[[noreturn]] void absent(const char *what) {
  fprintf(stderr, "packroom is built without OpenCV's %s: see vision/opencv/lean.go\n", what);
  abort();
}

[[noreturn]] void no_windows() { absent("windows"); }

// codec finds a function of OpenCV's picture files by the name that the linker
// knows it by.
template <typename Function> Function *codec(const char *name) {
  static void *library = [] {
    char file[64];
    snprintf(file, sizeof file, "libopencv_imgcodecs.so.%d%02d", CV_VERSION_MAJOR, CV_VERSION_MINOR);
    return dlopen(file, RTLD_NOW | RTLD_LOCAL);
  }();
  void *found = library ? dlsym(library, name) : nullptr;
  if (!found) CV_Error(cv::Error::StsNotImplemented, dlerror());
  return reinterpret_cast<Function *>(found);
}

} // namespace

namespace cv {

Mat imread(const String &file, int flags) {
  static auto f = codec<Mat(const String &, int)>("_ZN2cv6imreadERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEEi");
  return f(file, flags);
}

bool imwrite(const String &file, InputArray picture, const std::vector<int> &params) {
  static auto f = codec<bool(const String &, InputArray, const std::vector<int> &)>(
      "_ZN2cv7imwriteERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEERKNS_11_InputArrayERKSt6vectorIiSaIiEE");
  return f(file, picture, params);
}

Mat imdecode(InputArray data, int flags) {
  static auto f = codec<Mat(InputArray, int)>("_ZN2cv8imdecodeERKNS_11_InputArrayEi");
  return f(data, flags);
}

bool imencode(const String &ext, InputArray picture, std::vector<uchar> &data, const std::vector<int> &params) {
  static auto f = codec<bool(const String &, InputArray, std::vector<uchar> &, const std::vector<int> &)>(
      "_ZN2cv8imencodeERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEERKNS_11_InputArrayERSt6vectorIhSaIhEERKSB_IiSaIiEE");
  return f(ext, picture, data, params);
}

int waitKey(int) { no_windows(); }
int createTrackbar(const String &, const String &, int *, int, TrackbarCallback, void *) { no_windows(); }
int getTrackbarPos(const String &, const String &) { no_windows(); }
void setTrackbarPos(const String &, const String &, int) { no_windows(); }
void setTrackbarMax(const String &, const String &, int) { no_windows(); }
void setTrackbarMin(const String &, const String &, int) { no_windows(); }
void namedWindow(const String &, int) { no_windows(); }
void moveWindow(const String &, int, int) { no_windows(); }
void resizeWindow(const String &, int, int) { no_windows(); }
void destroyWindow(const String &) { no_windows(); }
void setWindowTitle(const String &, const String &) { no_windows(); }
double getWindowProperty(const String &, int) { no_windows(); }
void setWindowProperty(const String &, int, double) { no_windows(); }
void imshow(const String &, InputArray) { no_windows(); }
Rect selectROI(const String &, InputArray, bool, bool) { no_windows(); }
void selectROIs(const String &, InputArray, std::vector<Rect> &, bool, bool) { no_windows(); }

int VideoWriter::fourcc(char, char, char, char) { absent("video files"); }

} // namespace cv

// The constructors by the linker's names: defined as C++ they would ask for the
// rest of their classes, which is the library.
extern "C" void _ZN2cv12VideoCaptureC1Ev() { absent("cameras"); }
extern "C" void _ZN2cv11VideoWriterC1Ev() { absent("video files"); }
