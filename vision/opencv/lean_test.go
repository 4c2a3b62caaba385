package opencv

import (
	"os"
	"strings"
	"testing"

	"gocv.io/x/gocv"
)

// loadedAtStart are the files that this process had mapped before its first test.
var loadedAtStart, _ = os.ReadFile("/proc/self/maps")

func TestWhatIsNeverCalledIsNotLoadedAndPicturesAreReadAllTheSame(t *testing.T) {
	for _, library := range []string{"libopencv_highgui", "libopencv_videoio", "libopencv_imgcodecs", "libgdal", "libQt5"} {
		if strings.Contains(string(loadedAtStart), "/"+library) {
			t.Errorf("%s is loaded at start", library)
		}
	}
	if !strings.Contains(string(loadedAtStart), "/libopencv_core") {
		t.Error("OpenCV itself was not found among what is loaded")
	}

	grey := gocv.NewMatWithSizeFromScalar(gocv.NewScalar(120, 120, 120, 0), 48, 64, gocv.MatTypeCV8UC3)
	defer grey.Close()
	jpeg, err := gocv.IMEncode(gocv.JPEGFileExt, grey)
	if err != nil {
		t.Fatal(err)
	}
	defer jpeg.Close()
	back, err := gocv.IMDecode(jpeg.GetBytes(), gocv.IMReadColor)
	if err != nil {
		t.Fatal(err)
	}
	defer back.Close()
	if back.Rows() != 48 || back.Cols() != 64 || back.GetUCharAt(24, 3*32) != 120 {
		t.Errorf("a grey picture of 64x48 came back as %dx%d with %d in its middle", back.Cols(), back.Rows(), back.GetUCharAt(24, 3*32))
	}
}
