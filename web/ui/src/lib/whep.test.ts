import { expect, it } from 'vitest';
import { fragment } from './whep';

it('writes candidates as RFC 8840 has them', () => {
  const sdp = 'v=0\r\na=ice-ufrag:abcd\r\na=ice-pwd:secretsecretsecretsecret\r\n';
  const line = 'candidate:1 1 udp 2122260223 192.0.2.1 50000 typ host';
  expect(fragment(sdp, [{ candidate: line, sdpMid: '0' }, { candidate: '', sdpMid: '0' }])).toBe(
    `a=ice-ufrag:abcd\r\na=ice-pwd:secretsecretsecretsecret\r\nm=video 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=${line}\r\na=end-of-candidates\r\n`);
});
