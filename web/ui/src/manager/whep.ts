/** A live picture by WHEP: one offer with all candidates, one answer, DELETE at the end. */

export interface Live {
  stop: () => void;
}

const gatherMs = 1500;

/**
 * Plays the camera behind url in video. ended is called once when the picture
 * stops by itself; a promise that fails means that it never began.
 */
export async function play(url: string, video: HTMLVideoElement, ended: () => void, signal: AbortSignal): Promise<Live> {
  const pc = new RTCPeerConnection();
  let session = '';
  let over = false;
  const stop = () => {
    if (over) return;
    over = true;
    pc.close();
    video.srcObject = null;
    if (session) void fetch(session, { method: 'DELETE', headers: { 'X-Packroom': '1' }, keepalive: true }).catch(() => undefined);
  };
  signal.addEventListener('abort', stop);
  try {
    pc.addTransceiver('video', { direction: 'recvonly' });
    pc.addEventListener('track', (e) => {
      video.srcObject = e.streams[0] ?? new MediaStream([e.track]);
    });
    pc.addEventListener('connectionstatechange', () => {
      if (!over && (pc.connectionState === 'failed' || pc.connectionState === 'closed')) {
        stop();
        ended();
      }
    });
    await pc.setLocalDescription(await pc.createOffer());
    await gathered(pc);
    const response = await fetch(url, {
      method: 'POST', headers: { 'Content-Type': 'application/sdp', 'X-Packroom': '1' }, body: pc.localDescription?.sdp ?? '', signal: AbortSignal.timeout(10_000),
    });
    if (!response.ok) throw new Error(`the camera answers ${response.status}`);
    session = new URL(response.headers.get('Location') ?? '', response.url).href;
    const sdp = await response.text();
    if (signal.aborted) throw new Error('not wanted any more');
    await pc.setRemoteDescription({ type: 'answer', sdp });
    return { stop };
  } catch (e) {
    stop();
    throw e;
  }
}

function gathered(pc: RTCPeerConnection): Promise<void> {
  if (pc.iceGatheringState === 'complete') return Promise.resolve();
  return new Promise((done) => {
    const timer = setTimeout(done, gatherMs);
    pc.addEventListener('icegatheringstatechange', () => {
      if (pc.iceGatheringState !== 'complete') return;
      clearTimeout(timer);
      done();
    });
  });
}
