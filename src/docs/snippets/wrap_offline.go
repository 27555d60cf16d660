// Wraps a DEK offline, from what GetPublicKek answered. Go 1.20 or newer, nothing but the standard library.
//
//	go run wrap_offline.go SPEC KEK PUBLIC_KEY_FILE [KEY=VALUE...] < dek.hex
package main

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"log"
	"os"
	"regexp"
	"sort"
	"strings"
)

const (
	v1    = "keybroker/v1"
	v1Dek = "keybroker/v1 dek"
)

func wrap(spec, kekID string, spki, dek []byte, context map[string]string) ([]byte, error) {
	if len(dek) < 16 || len(dek) > 64 {
		return nil, errors.New("a DEK has 16 to 64 bytes")
	}
	id, err := hex.DecodeString(strings.ReplaceAll(kekID, "-", ""))
	if err != nil || len(id) != 16 {
		return nil, errors.New("a KEK id is a UUID")
	}
	kek, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		return nil, err
	}
	var encapsulation byte
	var encapsulated, z []byte
	switch kek := kek.(type) {
	case *rsa.PublicKey:
		encapsulation = 1
		encapsulated, z, err = encapsulateRSA(kek)
	case *ecdsa.PublicKey:
		encapsulation = 2
		encapsulated, z, err = encapsulateHPKE(spec, kek)
	default:
		err = errors.New("unknown kind of KEK")
	}
	if err != nil {
		return nil, err
	}

	header := concat([]byte{1, encapsulation}, id, encapsulated)
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return nil, err
	}
	okm := expand(sha256.New, z, concat([]byte(v1Dek), salt), 44)
	block, err := aes.NewCipher(okm[:32])
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	aad := concat([]byte(v1), header, encode(context))
	return gcm.Seal(concat(header, salt), okm[32:], dek, aad), nil
}

func encapsulateRSA(kek *rsa.PublicKey) (encapsulated, z []byte, err error) {
	z = make([]byte, 32)
	if _, err = rand.Read(z); err != nil {
		return nil, nil, err
	}
	encapsulated, err = rsa.EncryptOAEP(sha256.New(), rand.Reader, kek, z, nil)
	return encapsulated, z, err
}

// encapsulateHPKE is RFC 9180, base mode, export-only.
func encapsulateHPKE(spec string, kek *ecdsa.PublicKey) (enc, z []byte, err error) {
	newHash, size, kemID, kdfID := sha256.New, 32, []byte{0, 0x10}, []byte{0, 1}
	if spec == "ECC_NIST_P384" {
		newHash, size, kemID, kdfID = sha512.New384, 48, []byte{0, 0x11}, []byte{0, 2}
	}
	kem := concat([]byte("KEM"), kemID)
	suite := concat([]byte("HPKE"), kemID, kdfID, []byte{0xff, 0xff})

	recipient, err := kek.ECDH()
	if err != nil {
		return nil, nil, err
	}
	ephemeral, err := recipient.Curve().GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	dh, err := ephemeral.ECDH(recipient)
	if err != nil {
		return nil, nil, err
	}
	enc = ephemeral.PublicKey().Bytes()

	eaePrk := labeledExtract(newHash, kem, nil, "eae_prk", dh)
	kemContext := concat(enc, recipient.Bytes())
	shared := labeledExpand(newHash, kem, eaePrk, "shared_secret", kemContext, size)

	pskIDHash := labeledExtract(newHash, suite, nil, "psk_id_hash", nil)
	infoHash := labeledExtract(newHash, suite, nil, "info_hash", []byte(v1))
	scheduleContext := concat([]byte{0}, pskIDHash, infoHash)
	secret := labeledExtract(newHash, suite, shared, "secret", nil)
	exporter := labeledExpand(newHash, suite, secret, "exp", scheduleContext, size)
	return enc, labeledExpand(newHash, suite, exporter, "sec", []byte(v1Dek), 32), nil
}

func labeledExtract(newHash func() hash.Hash, suite, salt []byte, label string, ikm []byte) []byte {
	// HKDF-Extract, RFC 5869. HMAC pads an empty salt with zeros, as it should be.
	return sum(newHash, salt, []byte("HPKE-v1"), suite, []byte(label), ikm)
}

func labeledExpand(newHash func() hash.Hash, suite, prk []byte, label string, info []byte, length int) []byte {
	size := []byte{byte(length >> 8), byte(length)}
	return expand(newHash, prk, concat(size, []byte("HPKE-v1"), suite, []byte(label), info), length)
}

// expand is HKDF-Expand, RFC 5869.
func expand(newHash func() hash.Hash, prk, info []byte, length int) []byte {
	var okm, block []byte
	for i := byte(1); len(okm) < length; i++ {
		block = sum(newHash, prk, block, info, []byte{i})
		okm = append(okm, block...)
	}
	return okm[:length]
}

func sum(newHash func() hash.Hash, key []byte, parts ...[]byte) []byte {
	mac := hmac.New(newHash, key)
	for _, part := range parts {
		mac.Write(part)
	}
	return mac.Sum(nil)
}

// encode sorts by key; Go compares strings by their bytes of UTF-8, as the format asks.
func encode(context map[string]string) []byte {
	keys := make([]string, 0, len(context))
	for key := range context {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	encoded := binary.BigEndian.AppendUint32(nil, uint32(len(keys)))
	for _, key := range keys {
		for _, text := range []string{key, context[key]} {
			encoded = binary.BigEndian.AppendUint32(encoded, uint32(len(text)))
			encoded = append(encoded, text...)
		}
	}
	return encoded
}

// readPublicKey reads PEM, or the base64 of the DER as it stands in the answer's JSON.
func readPublicKey(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	bare := regexp.MustCompile(`-----[A-Z ]+-----|\s`).ReplaceAll(text, nil)
	return base64.StdEncoding.DecodeString(string(bare))
}

func concat(parts ...[]byte) []byte {
	return bytes.Join(parts, nil)
}

// The encryption context. Messages do not quote a pair: its value may be confidential.
func readContext(pairs []string) (map[string]string, error) {
	context := map[string]string{}
	for i, pair := range pairs {
		key, value, hasEquals := strings.Cut(pair, "=")
		if !hasEquals {
			return nil, fmt.Errorf("pair %d of %d has no '=': give KEY=VALUE", i+1, len(pairs))
		}
		if key == "" {
			return nil, fmt.Errorf("pair %d of %d has no key", i+1, len(pairs))
		}
		if _, isThere := context[key]; isThere {
			return nil, fmt.Errorf("pair %d of %d has the same key as one before it", i+1, len(pairs))
		}
		context[key] = value
	}
	return context, nil
}

func run(args []string) error {
	if len(args) < 3 {
		return errors.New("usage: wrap_offline SPEC KEK PUBLIC_KEY_FILE [KEY=VALUE...] < dek.hex")
	}
	context, err := readContext(args[3:])
	if err != nil {
		return err
	}
	spki, err := readPublicKey(args[2])
	if err != nil {
		return err
	}
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	dek, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		return err
	}
	kekID := args[1][strings.LastIndex(args[1], "/")+1:]
	wrapped, err := wrap(args[0], kekID, spki, dek, context)
	if err != nil {
		return err
	}
	fmt.Println(base64.StdEncoding.EncodeToString(wrapped))
	return nil
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}
