import { knownLanguage, language, t, type Language } from '../lib/i18n';
import type { Prompt } from '../lib/types';

/** Speaks prompts where the browser has a voice; the room's own speaker does not depend on it. */
export class Speech {
  private said: number;
  constructor(since = Date.now()) {
    this.said = since;
  }

  /** Says what of the room's prompts was not said yet. */
  hear(prompts: Prompt[]): void {
    for (const p of prompts) {
      const at = Date.parse(p.at);
      if (!(at > this.said)) continue;
      this.said = at;
      const l = knownLanguage(p.language) ?? 'en';
      this.say(t(p.key, p.values, l), l, p.urgent);
    }
  }

  /** Says a sentence after what is being said, or at once where it is urgent. */
  say(text: string, l: Language = language.value, urgent = false): void {
    if (!('speechSynthesis' in globalThis)) return;
    const words = new SpeechSynthesisUtterance(text);
    words.lang = l;
    if (urgent) speechSynthesis.cancel();
    speechSynthesis.speak(words);
  }
}
