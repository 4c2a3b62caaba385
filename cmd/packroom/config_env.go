package main

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// envPrefixOfTests begins variables that only tests read.
const envPrefixOfTests = "PACKROOM_TEST_"

// packroomEnv is the PACKROOM_* part of an environment.
func packroomEnv(environ []string) map[string]string {
	env := map[string]string{}
	for _, kv := range environ {
		k, v, _ := strings.Cut(kv, "=")
		if strings.HasPrefix(k, "PACKROOM_") && !strings.HasPrefix(k, envPrefixOfTests) {
			env[k] = v
		}
	}
	return env
}

// overrideFromEnv sets the keys that env names: smtp.password_file is
// PACKROOM_SMTP_PASSWORD_FILE; a list is separated by commas. Cameras and device
// options have no variable. An unknown PACKROOM_* variable is an error, as an
// unknown key is.
func overrideFromEnv(cfg *Config, env map[string]string) error {
	known := map[string]bool{"PACKROOM_CONFIG": true, "PACKROOM_DATA": true}
	var firstErr error
	eachKey(reflect.ValueOf(cfg).Elem(), "", func(key string, v reflect.Value) {
		name := envName(key)
		known[name] = true
		text, ok := env[name]
		if !ok || firstErr != nil {
			return
		}
		if err := setText(v, text); err != nil {
			firstErr = fmt.Errorf("%s: %w", name, err)
		}
	})
	if firstErr != nil {
		return firstErr
	}
	for name := range env {
		if !known[name] {
			return fmt.Errorf("environment: %s is no setting of packroom; see deploy/packroom.yml", name)
		}
	}
	return nil
}

// envName is the variable of a key: web.public_url is PACKROOM_WEB_PUBLIC_URL.
func envName(key string) string {
	return "PACKROOM_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// eachKey calls fn for every key that holds a value or a list of words.
func eachKey(v reflect.Value, prefix string, fn func(key string, v reflect.Value)) {
	for i := range v.NumField() {
		name := keyOf(v.Type().Field(i))
		field := v.Field(i)
		switch {
		case name == "-":
		case field.Kind() == reflect.Struct:
			eachKey(field, prefix+name+".", fn)
		case field.Kind() == reflect.Slice && field.Type().Elem().Kind() != reflect.String, field.Kind() == reflect.Map:
		default:
			fn(prefix+name, field)
		}
	}
}

// keyOf is a field's key in the settings file.
func keyOf(f reflect.StructField) string {
	tag, ok := f.Tag.Lookup("yaml")
	if !ok {
		tag = f.Tag.Get("json")
	}
	name, _, _ := strings.Cut(tag, ",")
	return name
}

func setText(v reflect.Value, text string) error {
	switch v.Interface().(type) {
	case string:
		v.SetString(text)
	case time.Duration:
		d, err := time.ParseDuration(text)
		if err != nil {
			return err
		}
		v.SetInt(int64(d))
	case int, int64:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", text)
		}
		v.SetInt(n)
	case []string:
		list := []string{}
		for s := range strings.SplitSeq(text, ",") {
			if s = strings.TrimSpace(s); s != "" {
				list = append(list, s)
			}
		}
		v.Set(reflect.ValueOf(list))
	default:
		return fmt.Errorf("a value of type %s cannot be set from the environment", v.Type())
	}
	return nil
}
