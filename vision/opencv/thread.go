package opencv

// void packroom_one_thread(void);
import "C"

// oneThread makes OpenCV work in the thread that calls it, in all of the process.
// Its own threads win nothing for pictures as small as these, and after each piece
// of work they spin for a while in wait of the next: a third of a processor, on
// two, for a camera at five pictures a second.
func oneThread() { C.packroom_one_thread() }
