package googleiam

import (
	"errors"
	"net/http"
)

type Config struct{}

func NewRoundTripper(*Config, http.RoundTripper) (http.RoundTripper, error) {
	return nil, errors.New("this build has no tokens of Google")
}
