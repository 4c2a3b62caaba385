package room

import "context"

// defaultLanguages are those that the pages have texts in.
func defaultLanguages() []string { return []string{"en", "es"} }

// rehearse makes the voice ready for what is said in a visit, so that nobody
// waits for a sentence that was never said before. Names are not rehearsed:
// they come and go.
func (s *Service) rehearse(ctx context.Context) {
	voice, ok := s.dev.Voice.(Rehearser)
	if !ok || s.words == nil {
		return
	}
	for _, p := range s.repertoire() {
		text, language := s.words.Say(p)
		if text == "" {
			continue
		}
		if err := voice.Rehearse(ctx, text, language); err != nil {
			if ctx.Err() == nil {
				s.log.Warn("prompts are not rehearsed; each is made when it is said", "error", err)
			}
			return
		}
	}
}

// repertoire is every prompt that does not depend on a name.
func (s *Service) repertoire() []Prompt {
	s.mu.Lock()
	st := s.state
	s.mu.Unlock()
	var list []Prompt
	for _, language := range s.cfg.Languages {
		add := func(values map[string]string, keys ...string) {
			for _, key := range keys {
				list = append(list, Prompt{Key: key, Language: language, Values: values})
			}
		}
		add(nil, "prompt.welcome_courier", "prompt.put_anywhere", "prompt.taken_done", "prompt.door_held", "prompt.goodbye")
		add(map[string]string{"count": "1"}, "prompt.not_placed", "prompt.left_behind")
		for _, slot := range st.slotList() {
			for _, count := range []string{"1", "2", "3"} {
				values := st.whereabouts(Parcel{Slot: slot.ID})
				values["count"] = count
				add(values, "prompt.take")
				if count == "1" {
					add(values, "prompt.taken_next")
				}
			}
			add(map[string]string{"slot": slot.ID, "name": ""}, "prompt.placed", "prompt.unscanned", "prompt.which", "prompt.wrong_parcel",
				"prompt.put_back_thanks", "prompt.stored_by_hand")
		}
	}
	return list
}
