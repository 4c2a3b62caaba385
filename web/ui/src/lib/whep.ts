/**
 * A live picture by WHEP (draft-ietf-wish-whep): one offer at once, candidates
 * after it where somebody needs them, DELETE at the end.
 */

/** What the server gives a viewer who may watch a camera. */
export interface Grant {
  token: string;
  ice_servers?: RTCIceServer[];
}

export interface Watched {
  /** Address that the offer is posted to. */
  url: string;
  grant: Grant;
  video: HTMLVideoElement;
  /** Called once when the picture has ended by itself. */
  ended: () => void;
  signal: AbortSignal;
}

/** The server said no; status is HTTP's. */
export class Refused extends Error {
  constructor(readonly status: number) {
    super(`the offer was answered ${status}`);
  }
}

const answerMs = 10_000;
const ours = { 'X-Packroom': '1' };

/**
 * Plays a camera in a video element until signal aborts. A promise that fails
 * means that it never began.
 */
export async function play(w: Watched): Promise<void> {
  const pc = new RTCPeerConnection({ iceServers: w.grant.ice_servers ?? [], bundlePolicy: 'max-bundle' });
  let session = '';
  let over = false;
  const stop = () => {
    if (over) return;
    over = true;
    pc.close();
    if (session) void fetch(session, { method: 'DELETE', headers: ours, keepalive: true }).catch(() => undefined);
  };
  w.signal.addEventListener('abort', stop);
  pc.addTransceiver('video', { direction: 'recvonly' });
  pc.addEventListener('track', (e) => {
    w.video.srcObject = e.streams[0] ?? new MediaStream([e.track]);
  });
  pc.addEventListener('connectionstatechange', () => {
    if (over || (pc.connectionState !== 'failed' && pc.connectionState !== 'closed')) return;
    stop();
    w.ended();
  });
  try {
    const later = candidates(pc);
    await pc.setLocalDescription();
    const response = await fetch(w.url, {
      method: 'POST', headers: { ...ours, 'Content-Type': 'application/sdp', Authorization: `Bearer ${w.grant.token}` },
      body: pc.localDescription?.sdp ?? '', signal: AbortSignal.timeout(answerMs),
    });
    if (!response.ok) throw new Refused(response.status);
    session = new URL(response.headers.get('Location') ?? '', response.url).href;
    const sdp = await response.text();
    if (w.signal.aborted) throw new DOMException('not wanted any more', 'AbortError');
    await pc.setRemoteDescription({ type: 'answer', sdp });
    // Without servers the other side finds us by what we send, and need not be told.
    if (w.grant.ice_servers?.length) void later.then((lines) => trickle(pc, session, lines)).catch(() => undefined);
  } catch (e) {
    stop();
    throw e;
  }
}

/** All candidates of a connection, when there are no more. */
function candidates(pc: RTCPeerConnection): Promise<RTCIceCandidate[]> {
  const found: RTCIceCandidate[] = [];
  return new Promise((done) => {
    pc.addEventListener('icecandidate', (e) => {
      if (e.candidate) found.push(e.candidate);
      else done(found);
    });
  });
}

/** Sends candidates as RFC 8840 writes them. */
async function trickle(pc: RTCPeerConnection, session: string, found: RTCIceCandidate[]): Promise<void> {
  const body = fragment(pc.localDescription?.sdp ?? '', found);
  await fetch(session, { method: 'PATCH', headers: { ...ours, 'Content-Type': 'application/trickle-ice-sdpfrag' }, body });
}

/** The SDP fragment that names candidates. */
export function fragment(sdp: string, found: Pick<RTCIceCandidate, 'candidate' | 'sdpMid'>[]): string {
  const of = (name: string) => new RegExp(`^a=${name}:.*$`, 'm').exec(sdp)?.[0]?.trim();
  const lines = [of('ice-ufrag'), of('ice-pwd'), 'm=video 9 UDP/TLS/RTP/SAVPF 0', `a=mid:${found[0]?.sdpMid ?? '0'}`,
    ...found.filter((c) => c.candidate).map((c) => `a=${c.candidate}`), 'a=end-of-candidates'];
  return lines.filter(Boolean).map((l) => `${l}\r\n`).join('');
}
