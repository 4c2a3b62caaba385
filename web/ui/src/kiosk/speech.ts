import { t, knownLanguage } from '../lib/i18n';
import type { Prompt } from '../lib/types';

/** Speaks prompts where the browser has a voice; the room's own speaker does not depend on it. */
export class Speech {
  private said: number;
  constructor(since = Date.now()) {
    this.said = since;
  }

  hear(prompts: Prompt[]): void {
    if (!('speechSynthesis' in globalThis)) return;
    for (const p of prompts) {
      const at = Date.parse(p.at);
      if (!(at > this.said)) continue;
      this.said = at;
      const l = knownLanguage(p.language) ?? 'en';
      const words = new SpeechSynthesisUtterance(t(p.key, p.values, l));
      words.lang = l;
      if (p.urgent) speechSynthesis.cancel();
      speechSynthesis.speak(words);
    }
  }
}
